/**
 * `ans104@1.0` (spec 02 §4): messages as ANS-104 data items, the format of Arweave's permaweb and of its wallets.
 *
 * Encoding gives the bytes of an item; a message that carries an ans104 commitment gives the very item that was signed. Committing turns
 * the message into an item, signs it, and takes the message that the item reads as: keys come back in lower case.
 */
import { type Awaitable, andThen } from '../../core/awaitable.ts';
import { isBinary, toBytes } from '../../core/bytes.ts';
import type { Codec, CommitRequest, Tabm } from '../../core/codec.ts';
import { commitmentsOf } from '../../core/commitments.ts';
import type { Environment } from '../../core/environment.ts';
import { raise } from '../../core/errors.ts';
import { isMessage, isPrivateKey, type Message } from '../../core/message.ts';
import { inlined } from '../httpsig/children.ts';
import { chooseCommitment, signatureOf, unsignedType } from './commitment.ts';
import { conversionOf } from './envelope.ts';
import { forms } from './forms.ts';
import { Item, unsignedItemId } from './item.ts';
import { itemFormat } from './item-format.ts';
import { readItem } from './read-envelope.ts';
import { signItem, verifyItem } from './sign-item.ts';
import { type EnvelopeCheck, rememberOrigin, verifyEnvelope } from './verify.ts';
import { itemOf, writeEnvelope, writeItem } from './write-envelope.ts';

export const ans104: Codec = {
  name: 'ans104@1.0',
  contentType: 'application/ans104',

  toTabm(encoded, _params, env) {
    if (isMessage(encoded)) return encoded;
    if (!isBinary(encoded)) raise('bad-encoding', 'A data item is a byte string.');
    const item = new Item(toBytes(encoded));
    const tabm = readItem(item, conversionOf(itemFormat, env), 'capitals');
    if (item.signed && isMessage(tabm)) {
      const [id, commitment] = commitmentsOf(tabm)[0]!;
      rememberOrigin(commitment, { id, message: tabm, valid: () => verifyItem(item) });
    }
    return tabm;
  },

  fromTabm(tabm, params, env) {
    if (!isMessage(tabm)) return writeItem(tabm, conversionOf(itemFormat, env)).bytes;
    return andThen(params.bundle === true ? inlined(tabm, env) : tabm, (message) => {
      const commitment = chooseCommitment(message, itemFormat.device, params.bundle);
      const envelope = writeEnvelope(message, commitment, conversionOf(itemFormat, env));
      return itemOf(envelope, commitment && signatureOf(commitment)).bytes;
    });
  },

  committer: {
    reshapes: true,
    commit: (tabm, request, env) => commitItem(tabm, request, env),
    verify: (tabm, id, commitment, _request, env) => verifyEnvelope(tabm, id, commitment, check, forms(env), env),
  },
};

const check: EnvelopeCheck = {
  format: itemFormat,
  valid: (envelope, signature) => verifyItem(itemOf(envelope, signature)),
  unsignedId: (envelope) => unsignedItemId(itemOf(envelope, undefined)),
  read(envelope, signature, conversion) {
    const tabm = readItem(itemOf(envelope, signature), conversion, 'inexact');
    return isMessage(tabm) ? tabm : undefined;
  },
};

function commitItem(tabm: Message, request: CommitRequest, env: Environment): Awaitable<Message> {
  const plain = tabm.filter((key) => key !== 'commitments' && !isPrivateKey(key));
  const conversion = conversionOf(itemFormat, env);
  return andThen(request.bundle === true ? inlined(plain, env) : plain, (message) => {
    const envelope = writeEnvelope(message, undefined, conversion);
    const item = itemOf(envelope, undefined);
    if (request.type === 'unsigned' || request.type === unsignedType)
      return asMessage(readItem(item, conversion, 'always'));
    const wallet = request.wallet ?? env.wallet;
    if (wallet === undefined) raise('no-wallet', 'There is no key to sign the item with.', 'Give the node a wallet.');
    const { target, anchor, tags, data } = item;
    return signItem({ target, anchor, tags, data }, wallet).then((signed) => {
      if (request.type !== 'signed' && request.type !== signed.type.name) {
        raise('bad-commitment', `A key of type ${wallet.keyType} signs items as ${signed.type.name}.`);
      }
      return asMessage(readItem(signed, conversion, 'capitals'));
    });
  });
}

function asMessage(tabm: Tabm): Message {
  return isMessage(tabm) ? tabm : raise('bad-commitment', 'A bare byte string cannot be committed to.');
}
