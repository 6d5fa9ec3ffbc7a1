/**
 * `httpsig@1.0` (spec 02 §2): messages as HTTP header fields and a body, with commitments as signatures in the manner of RFC 9421.
 *
 *     {a: 1, c: {x: "y"}}   ⇄   a: 1            with bundle:   a: 1
 *                               ao-types: …                    ao-types: …
 *                               c+link: <id>                   content-type: multipart/form-data; boundary="…"
 *
 * The encoded form is a message of byte strings: header names, and `body`. How it is put on a connection is the HTTP layer's business;
 * {@link serializeFlat} is the flat text form of the same. A body that is a link to bytes stays one if it is all there is to the body.
 */
import { type Awaitable, andThen } from '../core/awaitable.ts';
import { type Binary, isBinary, toBytes } from '../core/bytes.ts';
import type { Codec, CodecParams, Tabm, Wire } from '../core/codec.ts';
import { commitmentsOf } from '../core/commitments.ts';
import type { Environment } from '../core/environment.ts';
import { raise } from '../core/errors.ts';
import { isMessage, isPrivateKey, Message } from '../core/message.ts';
import { Link, type Value } from '../core/value.ts';
import { signOwnCommitment } from './httpsig/base.ts';
import { inlined } from './httpsig/children.ts';
import { httpsigCommitter } from './httpsig/committer.ts';
import { decode } from './httpsig/decode.ts';
import { encodeFields } from './httpsig/encode.ts';
import { isForeign } from './httpsig/foreign.ts';
import { withLinkedBytes } from './httpsig/linked-bytes.ts';
import { writeFields } from './httpsig/multipart.ts';
import { writeSiginfo } from './httpsig/siginfo.ts';
import { isBundle } from './httpsig/signature-input.ts';
import { joinBinaries } from './httpsig/text.ts';

export const httpsig: Codec = {
  name: 'httpsig@1.0',
  toTabm(encoded, _params, env) {
    if (isBinary(encoded)) return encoded;
    return isMessage(encoded) ? decode(encoded, env) : raise('bad-type', 'Only messages have an httpsig form.');
  },
  fromTabm: encode,
  committer: httpsigCommitter,
};

function encode(tabm: Tabm, params: CodecParams, env: Environment): Awaitable<Value> {
  if (isBinary(tabm) || (tabm as Value) instanceof Link) return tabm;
  const bundle = params.bundle === true || (params.bundle === undefined && mustBundle(tabm, env));
  const { wire } = params;
  const prepared = bundle ? inlined(tabm, env) : tabm;
  return andThen(prepared, (whole) =>
    andThen(withLinkedBytes(whole, env, undefined, wire), (ready) => encodeWhole(ready, env, wire)),
  );
}

/** A commitment over a bundle can be read back only from a bundle; the dialect of 2026 sees to that by itself. */
function mustBundle(tabm: Message, env: Environment): boolean {
  return env.dialect.name === '2026' && commitmentsOf(tabm).some(([, commitment]) => isBundle(commitment));
}

function encodeWhole(tabm: Message, env: Environment, wire: Wire | undefined): Awaitable<Value> {
  const { fields, body } = encodeFields(tabm, env, undefined, wire);
  if (body !== undefined) (fields as Map<string, Value>).set('body', body);
  const commitments = commitmentsOf(tabm).filter(([, commitment]) => !isForeign(commitment));
  if (commitments.length === 0) {
    if (tabm.has('signature') && !tabm.has('commitments')) signOwnCommitment(tabm, fields, env);
    return new Message(fields);
  }
  return andThen(writeSiginfo(tabm, commitments, env, wire !== undefined), ({ signature, signatureInput }) => {
    fields.set('signature', signature);
    fields.set('signature-input', signatureInput);
    return new Message(fields);
  });
}

/** `name: value` lines, a blank line, and the body if it isn't empty. */
export function serializeFlat(encoded: Message): Uint8Array {
  const fields = new Map<string, Binary>();
  for (const [key, value] of encoded.entries()) {
    if (isBinary(value) && key !== 'body' && !isPrivateKey(key)) fields.set(key, value);
  }
  const head = writeFields(fields);
  const body = encoded.get('body');
  return toBytes(
    body !== undefined && isBinary(body) && body.length > 0 ? joinBinaries([head, '\r\n\r\n', body]) : head,
  );
}
