/** Signing and checking data items (spec 02 §4.3, §4.4). */
import { keyToBytes } from '../../core/bytes.ts';
import { raise } from '../../core/errors.ts';
import type { SignatureScheme, Wallet } from '../../core/wallet.ts';
import { Item, type ItemParts, makeItem, signatureData } from './item.ts';
import { type SignatureType, signatureTypeByScheme } from './signature-types.ts';

/** Limits of what verifies (spec 02 §4.8). */
export const maxTags = 128;
export const maxNameBytes = 1024;
export const maxValueBytes = 3072;

const schemes: { readonly [type in Wallet['keyType']]: SignatureScheme } = {
  rsa: 'rsa-pss-sha256',
  ed25519: 'ed25519',
  ethereum: 'ethereum',
};

/** The signature type of a wallet's items. */
function walletType(wallet: Wallet): SignatureType {
  return (
    signatureTypeByScheme(schemes[wallet.keyType]) ??
    raise('bad-commitment', `A key of type ${wallet.keyType} cannot sign data items.`)
  );
}

/** The item made of these parts, signed by `wallet`; their type, owner and signature are replaced. */
export async function signItem(parts: ItemParts, wallet: Wallet): Promise<Item> {
  const type = walletType(wallet);
  const unsigned = makeItem({
    ...parts,
    type,
    owner: wallet.publicKey,
    signature: new Uint8Array(type.signatureBytes),
  });
  const signature = await wallet.sign(schemes[wallet.keyType], signatureData(unsigned));
  const bytes = unsigned.bytes.slice();
  bytes.set(signature, 2);
  return new Item(bytes);
}

/** Whether the signature is its owner's and the tags keep the limits. False for an unsigned item. Never throws. */
export async function verifyItem(item: Item): Promise<boolean> {
  try {
    if (!item.signed || !withinLimits(item)) return false;
    return await item.type.verify(item.owner, signatureData(item), item.signature);
  } catch {
    return false;
  }
}

/** Throws if the tags are malformed. */
function withinLimits(item: Item): boolean {
  return (
    item.tags.length <= maxTags &&
    item.tags.every((tag) => keyToBytes(tag.name).length <= maxNameBytes && tag.value.length <= maxValueBytes)
  );
}
