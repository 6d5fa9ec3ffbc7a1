/**
 * Typed scalars as text and back (spec 02 §1.4, §1.5, §1.8): the text forms of integers, floats and atoms, the `ao-types` dictionary, and
 * the decoding of text by type name.
 *
 * Reading is as lenient as it can be without changing a meaning: integers of any length up to a bound (the reference stops at 15 digits),
 * any atom name. What is written is always canonical.
 */
import { type Binary, compareKeys, toText } from '../core/bytes.ts';
import { raise } from '../core/errors.ts';
import { type Message, messageFrom } from '../core/message.ts';
import { Atom, atom, Float, integer, type Value } from '../core/value.ts';
import { escapeKey, unescapeKey } from './key-escape.ts';
import { naturalValue } from './structured-field-values.ts';
import { isInnerList, type Member, parseDictionary, parseItem, parseList, Token } from './structured-fields.ts';

/** Longer integers are refused: turning digits into a number takes more than linear time. */
const maxIntegerDigits = 4096;
const maxAtomBytes = 255;

/** The type name of a scalar that needs one. */
export function typeOf(value: number | bigint | boolean | Float | Atom): 'integer' | 'float' | 'atom' {
  return value instanceof Float ? 'float' : typeof value === 'number' || typeof value === 'bigint' ? 'integer' : 'atom';
}

/** The text form of a scalar. */
export function scalarText(value: number | bigint | boolean | Float | Atom): string {
  if (value instanceof Float) return floatText(value.value);
  return value instanceof Atom ? value.name : String(value);
}

/** C's `%.20e`: 20 digits after the point, a sign and at least two digits in the exponent. */
export function floatText(value: number): string {
  if (!Number.isFinite(value)) raise('bad-type', 'A float that is not a finite number has no text form.');
  const text = (value === 0 ? 0 : value).toExponential(20);
  const e = text.indexOf('e') + 1;
  const digits = text.slice(e + 1);
  const padded = `${text.slice(0, e + 1)}${digits.length < 2 ? `0${digits}` : digits}`;
  return Object.is(value, -0) ? `-${padded}` : padded;
}

// ---- ao-types ---------------------------------------------------------------------------------------------------------------

/** The `ao-types` dictionary of these keys and types; sorts `types` in place. */
export function writeTypes(types: (readonly [key: string, type: string])[]): string {
  if (types.length > 1) types.sort((a, b) => compareKeys(a[0], b[0]));
  let out = '';
  for (const [key, type] of types) out += `${out === '' ? '' : ', '}${escapeKey(key)}="${type}"`;
  return out;
}

const typesSlot = Symbol('types');

/** The types that a TABM gives, by key. */
export function typesOf(tabm: Message, maxKeys: number): ReadonlyMap<string, string> | undefined {
  const text = tabm.get('ao-types');
  return text === undefined ? undefined : tabm.derive(typesSlot, () => readTypes(text, maxKeys));
}

/** Types by unescaped key, in lower case. Raises if the text is not a dictionary of strings and tokens. */
export function readTypes(value: Value, maxKeys: number): ReadonlyMap<string, string> {
  const text = typeof value === 'string' ? value : value instanceof Uint8Array ? toText(value) : undefined;
  if (text === undefined) raise('bad-structured-field', '`ao-types` is not text.');
  return readPlainTypes(text, maxKeys) ?? readAnyTypes(text, maxKeys);
}

/** Types as this network writes them, `key="type", key="type"`; `undefined` for any other spelling. Four times as fast as the parser. */
function readPlainTypes(text: string, maxKeys: number): ReadonlyMap<string, string> | undefined {
  const out = new Map<string, string>();
  const entry = /([A-Za-z0-9*%_-][A-Za-z0-9_.*%-]*)="([a-z-]+)"(?:, |$)/y;
  if (text.startsWith('.="list"')) {
    out.set('.', 'list');
    if (text.length === 8) return out;
    if (!text.startsWith(', ', 8)) return undefined;
    entry.lastIndex = 10;
  }
  while (entry.lastIndex < text.length) {
    const match = entry.exec(text);
    if (match === null || out.size === maxKeys) return undefined;
    out.set(unescapeKey(match[1]!), match[2]!);
  }
  return text.endsWith(', ') ? undefined : out;
}

function readAnyTypes(text: string, maxKeys: number): ReadonlyMap<string, string> {
  const out = new Map<string, string>();
  for (const [key, member] of parseDictionary(text, maxKeys)) {
    const bare = isInnerList(member) ? undefined : member.item;
    const type = bare instanceof Token ? bare.name : bare;
    if (typeof type !== 'string') raise('bad-structured-field', `\`ao-types\` gives no type name for \`${key}\`.`);
    out.set(unescapeKey(key), type.toLowerCase());
  }
  return out;
}

// ---- decoding by type -------------------------------------------------------------------------------------------------------

/** The value that `text` spells as `type` (a lower-case name). Raises `bad-type`. */
export function decodeTyped(type: string, text: Binary): Value {
  const value = parseTyped(type, text);
  if (value !== undefined) return value;
  return raise('bad-type', `${quote(text)} is not of type \`${type}\`.`);
}

/**
 * As {@link decodeTyped}, for request keys (spec 01 §5.5): `undefined` for well-formed text of another type (`integer=abc`), which
 * requests drop.
 */
export function parseTyped(type: string, text: Binary): Value | undefined {
  const spelt = toText(text);
  if (spelt === undefined) raise('bad-type', `Bytes that are not text cannot be of type \`${type}\`.`);
  switch (type) {
    case 'integer':
      return parseInteger(spelt);
    case 'float':
      return parseFloatText(spelt);
    case 'atom':
      return parseAtom(spelt);
    case 'list':
      return /^\(ao-type-/.test(spelt) ? clientList(spelt) : parseList(spelt).map(legacyMember);
    case 'map':
      return messageFrom([...parseDictionary(spelt)].map(([key, member]) => [key, legacyMember(member)] as const));
    default:
      return raise('bad-type', `\`${type}\` is not a type that a value can have.`, 'Use integer, float, atom or list.');
  }
}

function parseInteger(text: string): number | bigint | undefined {
  if (/^-?\d+$/.test(text)) {
    if (text.length <= 15) return Number(text) + 0; // `+ 0` makes -0 a plain 0
    if (text.length > maxIntegerDigits) raise('limit-exceeded', `An integer has more than ${maxIntegerDigits} digits.`);
    return integer(BigInt(text));
  }
  parseItem(text); // raises unless it is some other item
  return undefined;
}

function parseFloatText(text: string): Float {
  const value = /^[+-]?\d+\.\d+(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isFinite(value))
    raise('bad-type', `${quote(text)} is not a float: it needs digits on both sides of a point.`);
  return new Float(value);
}

function parseAtom(text: string): Atom | boolean {
  if (!/^[A-Za-z][A-Za-z0-9_-]*$/.test(text)) {
    const bare = parseItem(text).item;
    const name = bare instanceof Token ? bare.name : bare;
    if (typeof name !== 'string') raise('bad-type', `${quote(text)} is not an atom.`);
    text = name;
  }
  if (text.length > maxAtomBytes) raise('limit-exceeded', `An atom has more than ${maxAtomBytes} characters.`);
  return atom(text);
}

/** Members of the legacy types `list` and `map`; a string `(ao-type-T) text` is `text` decoded as T. */
function legacyMember(member: Member): Value {
  if (isInnerList(member)) return member.items.map(legacyMember);
  const { item } = member;
  if (typeof item === 'string') {
    const typed = /^\(ao-type-([a-z-]+)\) ?(.*)$/is.exec(item);
    if (typed !== null) return decodeTyped(typed[1]!.toLowerCase(), typed[2]!);
  }
  return naturalValue(item, isCommonAtom);
}

/** A list as `@permaweb/ao-core-libs` writes it, without quotes: `(ao-type-integer) 1,(ao-type-binary) two`. */
function clientList(text: string): readonly Value[] {
  return text.split(/, ?(?=\(ao-type-)/).map((member) => {
    const typed = /^\(ao-type-([a-z-]+)\) ?(.*)$/is.exec(member);
    if (typed === null) return raise('bad-type', `${quote(member)} is not a member of a list.`);
    const type = typed[1]!.toLowerCase();
    return type === 'binary' ? typed[2]! : decodeTyped(type, typed[2]!);
  });
}

/** Atoms that every node knows; a token of another name in a legacy list is text. */
const commonAtoms: ReadonlySet<string> = new Set(
  'true false null undefined ok error not_found unset link atom integer float list map'.split(' '),
);

function isCommonAtom(name: string): boolean {
  return commonAtoms.has(name);
}

function quote(text: Binary): string {
  const spelt = toText(text) ?? '(bytes)';
  return JSON.stringify(spelt.length > 60 ? `${spelt.slice(0, 60)}…` : spelt);
}
