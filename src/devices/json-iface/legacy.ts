/**
 * The JSON of the legacy ao network (spec 04 §4.4): what modules compiled for it are called with, and what its clients read.
 *
 *     {Id, Owner, From, Target, Anchor, Data, Signature, PublicKey, Tags: [{name, value}]}
 *
 * Whoever wrote the message as a data item gets their own tags back, in their case and order; otherwise every key that has no field of
 * its own becomes a tag, written `Like-This`.
 */
import { byteLength, fromBase64, humanId, isBinary, isId, toBase64Url, toBytes, toText } from '../../core/bytes.ts';
import type { Ao } from '../../core/device.ts';
import type { Dialect } from '../../core/dialect.ts';
import { raise } from '../../core/errors.ts';
import { isMessage, isPrivateKey, type Message } from '../../core/message.ts';
import { asMessage, plain } from '../plain.ts';

export interface LegacyTag {
  readonly name: string;
  readonly value: string;
}

export interface LegacyMessage {
  readonly Id: string;
  readonly Owner: string;
  readonly From: string;
  readonly Target: string;
  readonly Anchor: string;
  /** `null` where the data isn't text. */
  readonly Data: string | null;
  readonly Signature: string;
  readonly PublicKey?: string;
  readonly Tags: readonly LegacyTag[];
}

/** Keys with a field of their own. */
const fields: ReadonlySet<string> = new Set(['anchor', 'commitments', 'data', 'id', 'owner', 'signature', 'target']);

/** The legacy form of a message. Only a verified signer becomes its owner. */
export async function legacyMessage(ao: Ao, message: Message, dialect: Dialect): Promise<LegacyMessage> {
  const tabm = await ao.convert(message, 'tabm');
  if (!isMessage(tabm)) raise('internal', 'A message became something else than a message.');
  const [owner = ''] = await ao.signers(message);
  const commitment = owner === '' ? undefined : await commitmentOf(ao, message, owner);
  const target = await textOf(ao, message, 'target');
  const data = await plain(ao, message, 'data');
  return {
    Id: ao.id(message, 'signed'),
    Owner: owner,
    From: (await textOf(ao, message, 'from-process')) || owner,
    Target: isId(target) ? humanId(target)! : target,
    Anchor: await textOf(ao, message, 'anchor'),
    Data: data === undefined ? '' : isBinary(data) ? (toText(data) ?? null) : await textOf(ao, tabm, 'data'),
    Signature: await signatureText(ao, commitment ?? message),
    ...(dialect.name === '2025-09' || commitment === undefined ? {} : { PublicKey: await publicKey(ao, commitment) }),
    Tags: (await originalTags(ao, message)) ?? tagsOf(tabm),
  };
}

function tagsOf(tabm: Message): readonly LegacyTag[] {
  const tags: LegacyTag[] = [];
  for (const key of tabm.keys()) {
    const value = tabm.get(key)!;
    if (fields.has(key) || isPrivateKey(key) || !isBinary(value)) continue;
    tags.push({ name: headerCase(key), value: toText(value) ?? toBase64Url(toBytes(value)) });
  }
  return tags;
}

/** The tags of the data item that the message came in, exactly. */
async function originalTags(ao: Ao, message: Message): Promise<readonly LegacyTag[] | undefined> {
  for (const commitment of await commitments(ao, message)) {
    if ((await textOf(ao, commitment, 'commitment-device')) !== 'ans104@1.0') continue;
    const original = asMessage(await plain(ao, commitment, 'original-tags'));
    if (original === undefined) continue;
    const tags: LegacyTag[] = [];
    for (let n = 1; original.has(String(n)); n++) {
      const tag = await plain(ao, original, String(n));
      if (isMessage(tag)) tags.push({ name: await textOf(ao, tag, 'name'), value: await textOf(ao, tag, 'value') });
    }
    return tags;
  }
  return undefined;
}

async function commitmentOf(ao: Ao, message: Message, committer: string): Promise<Message | undefined> {
  for (const commitment of await commitments(ao, message)) {
    if ((await textOf(ao, commitment, 'committer')) === committer) return commitment;
  }
  return undefined;
}

async function commitments(ao: Ao, message: Message): Promise<readonly Message[]> {
  const all = await plain(ao, message, 'commitments');
  if (!isMessage(all)) return [];
  const out: Message[] = [];
  for (const id of all.keys()) {
    const commitment = await plain(ao, all, id);
    if (isMessage(commitment)) out.push(commitment);
  }
  return out;
}

async function signatureText(ao: Ao, message: Message): Promise<string> {
  const value = await plain(ao, message, 'signature');
  if (!isBinary(value)) return '';
  return byteLength(value) === 512 ? toBase64Url(toBytes(value)) : (toText(value) ?? toBase64Url(toBytes(value)));
}

async function publicKey(ao: Ao, commitment: Message): Promise<string> {
  const keyid = await textOf(ao, commitment, 'keyid');
  const key = fromBase64(keyid.slice(keyid.indexOf(':') + 1));
  return key === undefined ? '' : toBase64Url(key);
}

async function textOf(ao: Ao, message: Message, key: string): Promise<string> {
  const value = await plain(ao, message, key);
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  return isBinary(value) ? (toText(value) ?? toBase64Url(toBytes(value))) : '';
}

/** `from-process` → `From-Process`. */
function headerCase(key: string): string {
  return key
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('-');
}
