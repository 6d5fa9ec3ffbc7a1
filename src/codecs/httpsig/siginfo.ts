/**
 * Commitments as the headers `signature` and `signature-input` (spec 02 §2.9), in the manner of RFC 9421:
 *
 *     signature: comm-hj4r…0ks=:<signature>:
 *     signature-input: comm-hj4r…0ks=("a" "ao-types");alg="hmac-sha256";keyid="constant:ao"
 *
 * The headers carry commitments of every device; those of other devices than httpsig name it in `alg`. The component list is worked out
 * again from the message that is being encoded.
 */
import { type Awaitable, andThen, mapInOrder } from '../../core/awaitable.ts';
import { compareKeys, toBase64Url } from '../../core/bytes.ts';
import { commitmentText, linkSuffix, rawKeysCommittedBy } from '../../core/commitments.ts';
import type { Environment } from '../../core/environment.ts';
import { raise } from '../../core/errors.ts';
import { isMessage, Message } from '../../core/message.ts';
import type { Value } from '../../core/value.ts';
import { sha256Base64Url } from '../../crypto/hash.ts';
import { committedValue } from '../ids.ts';
import { escapeKey } from '../key-escape.ts';
import { naturalValue } from '../structured-field-values.ts';
import { type Dictionary, type Item, isInnerList, type Params, parseDictionary, Token } from '../structured-fields.ts';
import { committedKeysOf, components } from './base.ts';
import { inlined, linked } from './children.ts';
import { committerOfKeyId } from './keyid.ts';
import { withLinkedBytes } from './linked-bytes.ts';
import { decodeName } from './names.ts';
import { readOriginalTags } from './original-tags.ts';
import { isBundle, namesOf, rememberedNames, writeCommitment } from './signature-input.ts';

export interface Siginfo {
  readonly signature: string;
  readonly signatureInput: string;
}

// ---- writing ----------------------------------------------------------------------------------------------------------------

/** The headers of these commitments over `tabm`. On the `wire` the order of tags is kept. */
export function writeSiginfo(
  tabm: Message,
  commitments: readonly (readonly [string, Message])[],
  env: Environment,
  wire = false,
): Awaitable<Siginfo> {
  // The commitments of one message mostly cover the same keys: work their components out once.
  const known = new Map<string, Awaitable<readonly string[]>>();
  const namesFor = (commitment: Message): Awaitable<readonly string[]> => {
    const remembered = rememberedNames(commitment, env);
    if (remembered !== undefined) return remembered;
    const raw = rawKeysCommittedBy(commitment);
    const bundle = isBundle(commitment);
    const name = `${bundle}\n${raw.join('\n')}`;
    let names = known.get(name);
    if (names === undefined) {
      names = andThen(bundle ? inlined(tabm, env) : linked(tabm, env), (prepared) =>
        andThen(withLinkedBytes(prepared, env, raw), (ready) => namesOf(components(ready, raw, bundle, env).lines)),
      );
      known.set(name, names);
    }
    return names;
  };
  const written = mapInOrder(commitments, ([id, commitment]) =>
    andThen(namesFor(commitment), (names) =>
      writeCommitment(commitment, wire ? inTagOrder(names, commitment) : names, env, id),
    ),
  );
  return andThen(written, (entries) => {
    entries.sort((a, b) => compareKeys(a.label, b.label));
    return {
      signature: entries.map((entry) => `${entry.label}=${entry.signature}`).join(', '),
      signatureInput: entries.map((entry) => `${entry.label}=${entry.input}`).join(', '),
    };
  });
}

/**
 * The names in the order in which a data item has its tags, which nothing else says (spec 02 §9): `content-digest`, which stands for keys of
 * the body, comes after them. The order of httpsig's own commitments is that of their base.
 */
function inTagOrder(names: readonly string[], commitment: Message): readonly string[] {
  const device = commitmentText(commitment, 'commitment-device') ?? 'httpsig@1.0';
  if (device === 'httpsig@1.0' || commitment.has('original-tags')) return names;
  const left = new Set(names);
  const tags: string[] = [];
  for (const key of rawKeysCommittedBy(commitment)) {
    for (const name of [key, key + linkSuffix, escapeKey(key), escapeKey(key) + linkSuffix]) {
      if (left.delete(name)) tags.push(name);
    }
  }
  return [...tags, ...left];
}

// ---- reading ----------------------------------------------------------------------------------------------------------------

/** What the reader has to know of the message that the headers came with. */
export interface Surroundings {
  /** The header fields, names decoded. */
  readonly fields: { get(name: string): Value | undefined };
  /** What the body gave, in order: `content-digest` stands for its keys, except for children that a commitment covers as links. */
  readonly body: ReadonlyMap<string, Value>;
}

/** Whether these are headers of this network; other producers' signatures have other labels. */
export function isSiginfo(signature: Value | undefined, input: Value | undefined): boolean {
  return (
    typeof signature === 'string' &&
    typeof input === 'string' &&
    signature.startsWith('comm-') &&
    input.startsWith('comm-')
  );
}

/** The commitments that two headers carry, by id. */
export function readSiginfo(signature: string, input: string, around: Surroundings, env: Environment): Message {
  const signatures = parseDictionary(signature, env.limits.maxKeys);
  const inputs = parseDictionary(input, env.limits.maxKeys);
  if (signatures.size > env.limits.maxCommitments) {
    raise('limit-exceeded', `A message has more than ${env.limits.maxCommitments} commitments.`);
  }
  const out = new Map<string, Value>();
  for (const [label, member] of signatures) {
    const bytes = isInnerList(member) ? undefined : member.item;
    if (!(bytes instanceof Uint8Array)) raise('bad-commitment', `The signature \`${label}\` is not a byte sequence.`);
    const [id, commitment] = readCommitment(label, bytes, inputs, around, env);
    out.set(id, commitment);
  }
  return new Message(out);
}

function readCommitment(
  label: string,
  signature: Uint8Array,
  inputs: Dictionary,
  around: Surroundings,
  env: Environment,
): readonly [string, Message] {
  const input = inputs.get(label);
  if (input === undefined || !isInnerList(input)) {
    raise('bad-commitment', `\`signature-input\` says nothing about the signature \`${label}\`.`);
  }
  const fields = new Map<string, Value>();
  readAlgorithm(label, input.params, fields);
  let id = signature.length === 32 ? toBase64Url(signature) : sha256Base64Url(signature);
  for (const [name, value] of input.params) {
    if (name === 'alg') continue;
    // The id of a commitment whose signature does not give it.
    if (name === 'id' && typeof value === 'string') id = value;
    else if (name === 'original-tags' && typeof value === 'string') {
      fields.set(name, readOriginalTags(value, around.fields, env));
    } else fields.set(name, value instanceof Uint8Array ? toBase64Url(value) : naturalValue(value, () => true));
  }
  fields.set('signature', toBase64Url(signature));
  fields.set('committed', committedValue(readComponents(input.items, isBundle(new Message(fields)), around, env), env));
  const keyid = fields.get('keyid');
  const committer = typeof keyid === 'string' ? committerOfKeyId(keyid) : undefined;
  if (committer === undefined) fields.delete('committer');
  else fields.set('committer', committer);
  return [id, new Message(fields)];
}

/** `rsa-pss-sha512`, `ans104@1.0/rsa-pss-sha256`, `cookie@1.0`. */
function readAlgorithm(label: string, params: Params, fields: Map<string, Value>): void {
  const bare = params.get('alg');
  const alg = bare instanceof Token ? bare.name : bare;
  if (typeof alg !== 'string') raise('bad-commitment', `The signature \`${label}\` names no \`alg\`.`);
  if (!alg.includes('@')) {
    fields.set('commitment-device', 'httpsig@1.0');
    fields.set('type', alg);
    return;
  }
  const slash = alg.indexOf('/', alg.indexOf('@'));
  fields.set('commitment-device', slash === -1 ? alg : alg.slice(0, slash));
  if (slash !== -1) fields.set('type', alg.slice(slash + 1));
}

function readComponents(
  items: readonly Item[],
  bundle: boolean,
  around: Surroundings,
  env: Environment,
): readonly string[] {
  const names = items.map(({ item }) => {
    if (typeof item !== 'string') return raise('bad-commitment', 'A component name is not a string.');
    return item.startsWith('@') ? item.slice(1) : item;
  });
  const bodyKeys: string[] = [];
  for (const [key, value] of around.body) if (bundle || !isMessage(value)) bodyKeys.push(decodeName(key, env));
  return committedKeysOf(names, bodyKeys, around.fields, (name) => decodeName(name, env));
}
