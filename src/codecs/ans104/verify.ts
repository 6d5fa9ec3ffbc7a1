/**
 * Whether a commitment of an envelope holds for a message (spec 02 §4.6 "Verify", §9).
 *
 * The envelope is made again from the committed keys and must carry a valid signature. Then it is read again, and must give those very
 * keys and values: recorded tags say what was signed, and only this comparison says that the message still says so.
 *
 * One message may be held in several forms (children inline or as links, bundles in two byte orders) of which the signature covers one.
 * Each is tried; the signer's word decides.
 */
import { type Awaitable, andThen } from '../../core/awaitable.ts';
import { toBase64Url } from '../../core/bytes.ts';
import { commitmentText, rawKeysCommittedBy, withoutLinkSuffix } from '../../core/commitments.ts';
import type { Environment } from '../../core/environment.ts';
import { equal } from '../../core/equal.ts';
import { isMessage, isPrivateKey, type Message } from '../../core/message.ts';
import { sha256 } from '../../crypto/hash.ts';
import { isBundled, layoutOf, signatureOf, unsignedType } from './commitment.ts';
import {
  type Conversion,
  conversionOf,
  dialectLayout,
  type Envelope,
  type EnvelopeFormat,
  type Layout,
  type Signature,
} from './envelope.ts';
import { isOutside } from './plan.ts';
import { writeEnvelope } from './write-envelope.ts';

/** What verification needs to know about the bytes of a format. */
export interface EnvelopeCheck {
  readonly format: EnvelopeFormat;
  /** Whether the signature over this envelope is valid and the envelope within the limits. */
  valid(envelope: Envelope, signature: Signature, conversion: Conversion): Awaitable<boolean>;
  /** The unsigned id of the envelope, 32 bytes. */
  unsignedId(envelope: Envelope, conversion: Conversion): Uint8Array;
  /** The TABM that the envelope reads as. */
  read(envelope: Envelope, signature: Signature | undefined, conversion: Conversion): Message | undefined;
}

/** The message in one of the forms it may have been signed in; `undefined` if it has none of the kind. */
export type Form = (message: Message) => Awaitable<Message | undefined>;

/** Whether the commitment holds for the message in one of these forms. Never throws. */
export async function verifyEnvelope(
  message: Message,
  id: string,
  commitment: Message,
  check: EnvelopeCheck,
  forms: readonly Form[],
  env: Environment,
): Promise<boolean> {
  const signature = signatureOf(commitment);
  if (signature === undefined) {
    if (commitmentText(commitment, 'type') !== unsignedType || commitment.has('committer')) return false;
  } else {
    if (toBase64Url(sha256(signature.signature)) !== id) return false;
    if (signature.type.address(signature.owner) !== commitmentText(commitment, 'committer')) return false;
  }
  for (const form of forms) {
    for (const layout of layouts(commitment, env)) {
      try {
        const held = await form(message);
        if (held !== undefined && (await holds(held, id, commitment, signature, check, layout, env))) return true;
      } catch {
        // This form cannot be encoded, so it is not what was signed.
      }
    }
  }
  return false;
}

/** The dialect's way of writing bundles, and the other one, if the commitment is of a bundle and doesn't say. */
function layouts(commitment: Message, env: Environment): readonly Layout[] {
  const own = dialectLayout(env.dialect);
  if (!isBundled(commitment) || commitment.has('bundle-byte-order')) return [layoutOf(commitment, own)];
  const other: Layout =
    own.byteOrder === 'little-endian'
      ? { byteOrder: 'big-endian', bundleMapTag: 'last' }
      : { byteOrder: 'little-endian', bundleMapTag: 'third' };
  return [own, other];
}

function holds(
  message: Message,
  id: string,
  commitment: Message,
  signature: Signature | undefined,
  check: EnvelopeCheck,
  layout: Layout,
  env: Environment,
): Awaitable<boolean> {
  const conversion = conversionOf(check.format, env, layout);
  const envelope = writeEnvelope(message, commitment, conversion);
  const valid =
    signature === undefined
      ? toBase64Url(check.unsignedId(envelope, conversion)) === id
      : check.valid(envelope, signature, conversion);
  return andThen(valid, (yes) => {
    const signed = yes ? check.read(envelope, signature, conversion) : undefined;
    return signed !== undefined && coversSame(message, commitment, signed, id);
  });
}

/** Whether the message has the committed keys and values, and the commitment claims no others. */
function coversSame(message: Message, commitment: Message, signed: Message, id: string): boolean {
  const claimed = new Set(rawKeysCommittedBy(commitment).map(withoutLinkSuffix));
  const own = signed.get('commitments');
  const actual = isMessage(own) ? own.get(id) : undefined;
  const keys = isMessage(actual)
    ? rawKeysCommittedBy(actual)
    : [...signed.keys()].filter((key) => key !== 'commitments');
  const covered = new Set(keys.map(withoutLinkSuffix));
  for (const key of claimed) if (!covered.has(key)) return false;
  for (const [key, value] of signed.entries()) {
    if (isOutside(key)) continue;
    if (!claimed.has(withoutLinkSuffix(key))) return false;
    const held = message.get(key);
    if (held === undefined || !equal(bare(held), bare(value))) return false;
  }
  return true;
}

/** A value without the commitments and private keys inside it: what the signature of the parent says about it. */
function bare<T>(value: T): T {
  if (!isMessage(value)) return value;
  let out: Message = value.filter((key) => key !== 'commitments' && !isPrivateKey(key) && !isOutside(key));
  for (const [key, child] of out.entries()) {
    const inner = bare(child);
    if (inner !== child) out = out.with(key, inner);
  }
  return out as T;
}
