/**
 * Signatures of type 7: EIP-712 typed data. An Ethereum wallet shows its owner a structure and signs the hash of it:
 *
 *   domain  EIP712Domain(string name,string version)                  name "Bundlr", version "1"
 *   struct  Bundlr(bytes Transaction hash,address address)            the item's signature data, the owner's address
 *   digest  keccak( 19 01 keccak(domain) keccak(struct) )
 *
 * The names are what the existing wallets and libraries use; they are part of the wire format.
 */
import { concatBytes, toText } from '../../core/bytes.ts';
import { ethereumAddress, normalizeEthereumAddress } from '../../crypto/addresses.ts';
import { keccak256 } from '../../crypto/hash.ts';
import { secp256k1Recover } from '../../crypto/secp256k1.ts';

const hashText = (text: string): Uint8Array => keccak256(new TextEncoder().encode(text));

/** The digest that a wallet with this 20-byte address signs. */
function typedEthereumDigest(data: Uint8Array, address: Uint8Array): Uint8Array {
  const domain = keccak256(
    concatBytes(hashText('EIP712Domain(string name,string version)'), hashText('Bundlr'), hashText('1')),
  );
  const struct = keccak256(
    concatBytes(
      hashText('Bundlr(bytes Transaction hash,address address)'),
      keccak256(data),
      new Uint8Array(12),
      address,
    ),
  );
  return keccak256(concatBytes(Uint8Array.of(0x19, 0x01), domain, struct));
}

/** Whether the owner, the text of an address, signed `data`. */
export function typedEthereumVerify(owner: Uint8Array, data: Uint8Array, signature: Uint8Array): boolean {
  const text = toText(owner);
  const address = text === undefined ? undefined : normalizeEthereumAddress(text);
  if (address === undefined) return false;
  const signer = secp256k1Recover(typedEthereumDigest(data, Uint8Array.fromHex(address.slice(2))), signature);
  return signer !== undefined && ethereumAddress(signer) === address;
}
