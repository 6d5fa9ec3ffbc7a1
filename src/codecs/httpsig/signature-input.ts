/**
 * One commitment as a member of the headers `signature` and `signature-input` (spec 02 §2.9): its label, its signature, and the components
 * it covers with their parameters.
 */
import { type Binary, fromBase64, isBinary, toBase64, toBase64Url, toText } from '../../core/bytes.ts';
import { commitmentText } from '../../core/commitments.ts';
import type { DialectName } from '../../core/dialect.ts';
import type { Environment } from '../../core/environment.ts';
import { raise } from '../../core/errors.ts';
import { isMessage, type Message } from '../../core/message.ts';
import { Atom, isInteger, isList, type Value } from '../../core/value.ts';
import { sha256Base64Url } from '../../crypto/hash.ts';
import { escapeKey } from '../key-escape.ts';
import { serializeString } from '../structured-fields.ts';
import { writeOriginalTags } from './original-tags.ts';

/** A covered field: its name in the encoded message and its value. */
export type Line = readonly [name: string, value: Binary];

export interface Written {
  readonly label: string;
  readonly signature: string;
  readonly input: string;
}

const namesSlot = Symbol('names of the components');

/** What a commitment covers in the rules of a dialect. */
interface Named {
  readonly dialect: DialectName;
  readonly names: readonly string[];
}

/** Keeps with a commitment that was just made which components it covers: whoever writes it need not work them out again. */
export function rememberNames(commitment: Message, lines: readonly Line[], env: Environment): void {
  commitment.derive(namesSlot, (): Named => ({ dialect: env.dialect.name, names: namesOf(lines) }));
}

/** The names that {@link rememberNames} was given. */
export function rememberedNames(commitment: Message, env: Environment): readonly string[] | undefined {
  const named = commitment.derived<Named>(namesSlot);
  return named?.dialect === env.dialect.name ? named.names : undefined;
}

export function namesOf(lines: readonly Line[]): readonly string[] {
  return lines.map(([name]) => name);
}

/**
 * `covered`: names of the components in order. `id` is the commitment's, if it is known: an id that doesn't follow from the signature
 * travels as a parameter.
 */
export function writeCommitment(
  commitment: Message,
  covered: readonly string[],
  env: Environment,
  id?: string,
): Written {
  const signature = fromBase64(commitmentText(commitment, 'signature') ?? '');
  if (signature === undefined) raise('bad-base64', 'The `signature` of a commitment is not base64.');
  const escaped = env.dialect.idKeys === 'escaped';
  const names = covered.map((name) => {
    const plain = name.startsWith('@') ? name.slice(1) : name;
    return serializeString(escaped && plain.length <= maxEscaped && !isPrintable(plain) ? escapeKey(plain) : plain);
  });
  let input = `(${names.join(' ')});alg=${serializeString(algorithm(commitment))}`;
  const further = commitment.keys().filter((name) => !apart.has(name) && isParamName(name));
  for (const name of [...leadingParams, ...further]) {
    const value = commitment.get(name);
    const spelt = value === undefined ? undefined : paramText(name, value, env);
    if (spelt !== undefined) input += `;${name}=${spelt}`;
  }
  const hashed = sha256Base64Url(signature);
  const own = signature.length === 32 ? toBase64Url(signature) : hashed;
  if (id !== undefined && id !== own && isPrintable(id)) input += `;id=${serializeString(id)}`;
  const named = signature.length === 0 && id !== undefined ? sha256Base64Url(id) : hashed;
  return { label: `comm-${named.toLowerCase()}`, signature: `:${toBase64(signature)}:`, input };
}

const leadingParams = ['keyid', 'tag', 'created', 'expires', 'nonce'] as const;
const apart: ReadonlySet<string> = new Set([
  ...leadingParams,
  'committed',
  'signature',
  'type',
  'commitment-device',
  'committer',
  'id',
]);

function isParamName(name: string): boolean {
  return /^[a-z*][a-z0-9_.*-]*$/.test(name);
}

/** Escapes are up to nine times as long: a name of more characters than this would fill the head of an answer. */
const maxEscaped = 200;

/** What a structured-field string can be read back from. Anything else would break the header it stands in. */
function isPrintable(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

function algorithm(commitment: Message): string {
  const device = commitmentText(commitment, 'commitment-device') ?? 'httpsig@1.0';
  const type = commitmentText(commitment, 'type');
  if (device === 'httpsig@1.0' && type !== undefined) return type;
  return type === undefined ? device : `${device}/${type}`;
}

/** The value of a parameter; `undefined` for one that no header can hold. */
function paramText(name: string, value: Value, env: Environment): string | undefined {
  if (isInteger(value)) return String(value);
  const text = name === 'original-tags' ? writeOriginalTags(value, env) : extraText(value);
  return isPrintable(text) ? serializeString(text) : undefined;
}

function extraText(value: Value): string {
  if (isBinary(value)) return toText(value) ?? toBase64Url(value as Uint8Array);
  if (typeof value === 'boolean' || isInteger(value)) return String(value);
  if (value instanceof Atom) return value.name;
  if (isList(value)) return value.map(extraText).join(', ');
  if (isMessage(value))
    return value
      .keys()
      .map((key) => extraText(value.get(key)!))
      .join(', ');
  return raise('bad-commitment', 'A field of a commitment cannot be written as a signature parameter.');
}

export function isBundle(commitment: Message): boolean {
  const bundle = commitment.get('bundle');
  return bundle === true || bundle === 'true';
}
