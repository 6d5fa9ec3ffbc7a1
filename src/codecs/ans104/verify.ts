/**
 * Whether a commitment of an envelope holds for a message (spec 02 §4.6 "Verify", §9).
 *
 * The envelope is made again from the committed keys and must carry a valid signature. Then it is read again, and must give those very
 * keys and values: recorded tags say what was signed, and only this comparison says that the message still says so.
 *
 * One message may be held in several forms (children inline or as links, bundles in two byte orders) of which the signature covers one.
 * Each is tried; the signer's word decides.
 *
 * A message that was just read from an envelope need not be made into it again: the envelope itself is checked, and the message still has
 * to say what it says ({@link rememberOrigin}).
 */
import { type Awaitable, andThen } from '../../core/awaitable.ts';
import { isBinary, toBase64Url } from '../../core/bytes.ts';
import { commitmentText, rawKeysCommittedBy, withoutLinkSuffix } from '../../core/commitments.ts';
import type { Environment } from '../../core/environment.ts';
import { equal } from '../../core/equal.ts';
import { isMessage, isPrivateKey, type Message } from '../../core/message.ts';
import { sha256Base64Url } from '../../crypto/hash.ts';
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

/** The signed envelope that a commitment came from. */
export interface Origin {
  /** Of the commitment. */
  readonly id: string;
  /** What the envelope reads as. */
  readonly message: Message;
  /** Whether its signature is valid and the envelope within the limits. Never throws. */
  valid(): Awaitable<boolean>;
}

const originSlot = Symbol('the envelope it was read from');

/**
 * Keeps the envelope of a commitment until it is verified for the first time. Not of a bundle: what is in it may have been read in a way
 * that does not give the same bundle.
 */
export function rememberOrigin(commitment: Message, origin: Origin): void {
  for (const [key, value] of origin.message.entries()) if (key !== 'commitments' && !isBinary(value)) return;
  commitment.derive(originSlot, (): { origin?: Origin } => ({ origin }));
}

/** Whether the message says what the envelope says that its commitment was just read from, and the signature of that is valid. */
function holdsAsRead(message: Message, id: string, commitment: Message): Awaitable<boolean> {
  const kept = commitment.derived<{ origin?: Origin }>(originSlot);
  const origin = kept?.origin;
  if (origin?.id !== id) return false;
  delete kept!.origin;
  return coversSame(message, commitment, origin.message, id) && origin.valid();
}

/** Whether the commitment holds for the message in one of these forms. Never throws. */
export async function verifyEnvelope(
  message: Message,
  id: string,
  commitment: Message,
  check: EnvelopeCheck,
  forms: readonly Form[],
  env: Environment,
): Promise<boolean> {
  if (await holdsAsRead(message, id, commitment)) return true;
  const signature = signatureOf(commitment);
  if (signature === undefined) {
    if (commitmentText(commitment, 'type') !== unsignedType || commitment.has('committer')) return false;
  } else {
    if (sha256Base64Url(signature.signature) !== id) return false;
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
