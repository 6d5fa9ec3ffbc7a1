/**
 * The configuration of a node: defaults, then environment, then file, then flags, each over the one before (spec 03 §1.1), checked against
 * the declarations of options.ts. Every value remembers where it came from, for `hyperbeam config explain`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import type * as z from 'zod';
import { readFlatText } from '../codecs/flat.ts';
import { AoError, AoException } from '../core/errors.ts';
import { isMessage, Message } from '../core/message.ts';
import { isList, type Value } from '../core/value.ts';
import { type ListenerOptions, listenerOptions } from '../http/options.ts';
import { type ClientOptions, clientOptions } from '../net/options.ts';
import { createLibrary } from './library.ts';
import { declarations, ignoredOptions, listenerOptionName, type OptionDeclaration } from './options.ts';

export interface Setting {
  readonly name: string;
  /** As checked: text, numbers, booleans, or a value of the protocol. */
  readonly value: unknown;
  /** `default`, `environment HB_PORT`, `file config.json`, `flag --port`. */
  readonly source: string;
}

export interface Config {
  readonly settings: ReadonlyMap<string, Setting>;
  /** What a file set that means nothing to this node. */
  readonly ignored: readonly string[];
  /** The node message: every option that is set or has a default. */
  readonly message: Message;
  readonly listener: Partial<ListenerOptions>;
  /** How this node asks others. */
  readonly client: Partial<ClientOptions>;
}

export interface ConfigSources {
  readonly env?: { readonly [name: string]: string | undefined };
  /** By the names of flags, without dashes. */
  readonly flags?: { readonly [name: string]: string | boolean | undefined };
  /** A configuration file. Absent: `HB_CONFIG`, else `config.flat` or `config.json` in the working directory if there is one. */
  readonly file?: string;
}

/** The configuration from its sources. Throws `bad-request` with a sentence for people. */
export async function loadConfig(sources: ConfigSources = {}): Promise<Config> {
  const env = sources.env ?? {};
  const known = declarations();
  const given = new Map<string, { value: unknown; source: string }>();
  const ignored: string[] = [];

  for (const option of known.values()) {
    const value = option.env === undefined ? undefined : env[option.env];
    if (value !== undefined && value !== '') given.set(option.name, { value, source: `environment ${option.env}` });
  }
  const file = sources.file ?? env['HB_CONFIG'] ?? ['config.flat', 'config.json'].find((name) => existsSync(name));
  if (file !== undefined) {
    for (const one of file.split(',')) {
      for (const [key, value] of (await readConfigFile(one)).entries()) {
        const name = optionName(key);
        if (ignoredOptions.has(name) && !known.has(name)) ignored.push(name);
        else if (known.has(name)) given.set(name, { value, source: `file ${one}` });
        else unknown(name, known, `file ${one}`);
      }
    }
  }
  const byFlag = new Map([...known.values()].map((option) => [option.flag, option.name]));
  for (const [flag, value] of Object.entries(sources.flags ?? {})) {
    if (value === undefined) continue;
    const name = byFlag.get(flag) ?? (known.has(flag) ? flag : undefined);
    if (name === undefined) unknown(flag, known, 'the command line');
    given.set(name, { value: value === true ? 'true' : value, source: `flag --${flag}` });
  }
  return check(known, given, ignored);
}

/** A configuration from values in code, for tests and programs. */
export function configFrom(values: { readonly [name: string]: unknown }): Config {
  const known = declarations();
  const given = new Map<string, { value: unknown; source: string }>();
  for (const [name, value] of Object.entries(values)) {
    if (!known.has(name)) unknown(name, known, 'the program');
    if (value !== undefined) given.set(name, { value, source: 'the program' });
  }
  return check(known, given, []);
}

function check(
  known: ReadonlyMap<string, OptionDeclaration>,
  given: ReadonlyMap<string, { readonly value: unknown; readonly source: string }>,
  ignored: readonly string[],
): Config {
  const settings = new Map<string, Setting>();
  for (const option of known.values()) {
    const set = given.get(option.name);
    const result = checkOption(option, set?.value);
    if (!result.success) {
      const why = result.error.issues.map((issue) => issue.message).join('; ');
      complain(`\`${option.name}\` (${set?.source ?? 'default'}): ${why}.`, option.doc);
    }
    if (result.data !== undefined)
      settings.set(option.name, { name: option.name, value: result.data, source: set?.source ?? 'default' });
  }
  const entries = [...settings.values()].flatMap(({ name, value }): (readonly [string, Value])[] => {
    const spelt = toAo(value);
    return spelt === undefined ? [] : [[name, spelt]];
  });
  const group = (names: readonly string[], prefix: string): object =>
    Object.fromEntries(
      names.flatMap((name) => {
        const setting = settings.get(prefix + listenerOptionName(name));
        return setting === undefined ? [] : [[name, setting.value]];
      }),
    );
  return {
    settings,
    ignored,
    message: new Message(new Map(entries)),
    listener: group(Object.keys(listenerOptions.shape), ''),
    client: group(Object.keys(clientOptions.shape), 'peer-'),
  };
}

/** Checks one value; text that spells a number or a boolean counts as one where the option wants it. */
export function checkOption(option: OptionDeclaration, value: unknown): z.ZodSafeParseResult<unknown> {
  const direct = option.schema.safeParse(value);
  if (direct.success) return direct;
  for (const guess of readings(value)) {
    const result = option.schema.safeParse(guess);
    if (result.success) return result;
  }
  return direct;
}

/** What a value may mean besides itself: texts of numbers and booleans, plain lists and objects for messages and the other way round. */
function readings(value: unknown): readonly unknown[] {
  if (typeof value === 'boolean') return [String(value)];
  if (typeof value === 'number') return [String(value)];
  if (isList(value as Value)) return [(value as readonly unknown[]).map(String)];
  if (isMessage(value)) return [plainObject(value)];
  if (typeof value !== 'string') return [];
  const out: unknown[] = [];
  if (/^-?\d{1,15}$/.test(value)) out.push(Number(value));
  if (value === 'true' || value === 'false') out.push(value === 'true');
  out.push(value.split(',').map((item) => item.trim()));
  return out;
}

/** A message as a plain object for options that are structures of ours (`tls`). Keys come from the operator's own file. */
function plainObject(message: Message): object {
  return Object.fromEntries(
    [...message.entries()].map(([key, value]) => [
      key.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      isMessage(value) ? plainObject(value) : value,
    ]),
  );
}

/** An option's value as the node message holds it. */
export function toAo(value: unknown): Value | undefined {
  if (typeof value === 'string' || typeof value === 'boolean' || isMessage(value)) return value;
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  if (Array.isArray(value)) return value.flatMap((item) => toAo(item) ?? []);
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    return new Message(
      new Map(
        Object.entries(value).flatMap(([key, item]): [string, Value][] => {
          const spelt = toAo(item);
          return spelt === undefined ? [] : [[listenerOptionName(key), spelt]];
        }),
      ),
    );
  }
  return undefined;
}

/** Reads `config.json`, `config.flat` or any other file whose ending names no codec as flat text. */
async function readConfigFile(path: string): Promise<Message> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    return complain(
      `The configuration file ${path} cannot be read: ${(cause as Error).message}.`,
      'Check the path given by `--config` or `HB_CONFIG`.',
    );
  }
  try {
    const { ao, env } = createLibrary();
    const decoded =
      extname(path) === '.json' ? await ao.convert(text, 'structured@1.0', 'json@1.0') : readFlatText(text, env);
    const parsed = await ao.loadAll(decoded);
    if (isMessage(parsed)) return parsed.without('commitments', 'ao-types');
  } catch (cause) {
    complain(
      `The configuration file ${path} cannot be understood: ${(cause as Error).message}.`,
      'A `.json` file holds one object; any other file `key: value` lines.',
    );
  }
  return complain(`The configuration file ${path} holds no object.`, 'Write `{"port": 8734}`.');
}

/** `Preloaded_Devices` → `preloaded-devices`. */
export function optionName(key: string): string {
  return key.toLowerCase().replaceAll('_', '-');
}

function unknown(name: string, known: ReadonlyMap<string, OptionDeclaration>, source: string): never {
  const nearest = nearestName(name, [...known.keys()]);
  return complain(
    `There is no option \`${name}\` (${source}).`,
    nearest === undefined ? 'See `hyperbeam config explain` for all of them.' : `Did you mean \`${nearest}\`?`,
  );
}

function complain(sentence: string, hint: string): never {
  throw new AoException(new AoError('bad-request', sentence, { hint }));
}

/** The known name that takes the fewest changes of a letter, if it isn't too far off. */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of names) {
    const distance = editDistance(name, candidate, least);
    if (distance < least) {
      best = candidate;
      least = distance;
    }
  }
  return best;
}

function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + same));
    }
    row = next;
  }
  return row[b.length]!;
}
