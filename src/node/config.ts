/**
 * The configuration of a node: defaults, then environment, then files, then flags, each over the one before (spec 03 §1.1), checked against
 * the declarations of options.ts. Every value remembers where it came from, for `hyperbeam config explain`.
 */
import { existsSync } from 'node:fs';
import type { Device } from '../core/device.ts';
import { raise } from '../core/errors.ts';
import { Message } from '../core/message.ts';
import type { Value } from '../core/value.ts';
import { optionName } from '../devices/meta/option-names.ts';
import { type ListenerOptions, listenerOptions } from '../http/options.ts';
import { type ClientOptions, clientOptions } from '../net/options.ts';
import { overlaid, readConfigFile } from './config-file.ts';
import { nearestName } from './nearest.ts';
import { checkOption, complaintOf, toAo } from './option-value.ts';
import { dashed, declarations, ignoredOptions, type OptionDeclaration, optionAliases } from './options.ts';

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
  /** The node message: every option that is set or has a default, but those that nobody else should see. */
  readonly message: Message;
  readonly listener: Partial<ListenerOptions>;
  /** How this node asks others. */
  readonly client: Partial<ClientOptions>;
}

export interface ConfigSources {
  readonly env?: { readonly [name: string]: string | undefined };
  /** By the names of flags, without dashes. */
  readonly flags?: { readonly [name: string]: string | boolean | undefined };
  /**
   * Configuration files with commas between them, the later over the earlier. Absent: `HB_CONFIG`, else `config.flat` or `config.json` in
   * the working directory if there is one.
   */
  readonly file?: string;
  /** Devices that the node gets besides its own: their options are known, too. */
  readonly devices?: readonly Device[];
}

interface Given {
  readonly value: unknown;
  readonly source: string;
}

/** The configuration from its sources. Throws `bad-request` with a sentence for people. */
export function loadConfig(sources: ConfigSources = {}): Config {
  const known = declarations(sources.devices);
  const env = sources.env ?? {};
  const given = new Map<string, Given>();
  for (const option of known.values()) {
    const value = option.env === undefined ? undefined : env[option.env];
    if (value !== undefined && value !== '') given.set(option.name, { value, source: `environment ${option.env}` });
  }
  const ignored = new Set<string>();
  for (const path of filesOf(sources.file ?? env['HB_CONFIG'])) {
    for (const [key, value] of readConfigFile(path).entries()) {
      const name = canonicalName(key);
      const source = `file ${path}`;
      if (known.has(name)) {
        const before = given.get(name);
        const below = before?.source.startsWith('file ') === true ? (before.value as Value) : undefined;
        given.set(name, { value: overlaid(below, value), source });
      } else if (ignoredOptions.has(name)) ignored.add(name);
      else unknown(optionName(key), known, source);
    }
  }
  const byFlag = new Map([...known.values()].map((option) => [option.flag, option.name]));
  for (const [flag, value] of Object.entries(sources.flags ?? {})) {
    if (value === undefined) continue;
    const name = byFlag.get(flag) ?? (known.has(flag) ? flag : undefined);
    if (name === undefined) return unknown(flag, byFlag, 'the command line');
    given.set(name, { value: value === true ? 'true' : value, source: `flag --${flag}` });
  }
  return check(known, given, [...ignored]);
}

/** A configuration from values in code, for tests and programs; `devices` are those that the node gets besides its own. */
export function configFrom(values: { readonly [name: string]: unknown }, devices: readonly Device[] = []): Config {
  const known = declarations(devices);
  const given = new Map<string, Given>();
  for (const [name, value] of Object.entries(values)) {
    if (!known.has(name)) unknown(name, known, 'the program');
    if (value !== undefined) given.set(name, { value, source: 'the program' });
  }
  return check(known, given, []);
}

/** The dashed name of an option as files spell it: `HTTP_Keepalive` → `peer-keep-alive-ms`. */
export function canonicalName(key: string): string {
  const name = optionName(key);
  return optionAliases.get(name) ?? name;
}

function filesOf(named: string | undefined): readonly string[] {
  if (named !== undefined && named !== '') {
    return named
      .split(',')
      .map((path) => path.trim())
      .filter((path) => path !== '');
  }
  const found = ['config.flat', 'config.json'].find((name) => existsSync(name));
  return found === undefined ? [] : [found];
}

function check(
  known: ReadonlyMap<string, OptionDeclaration>,
  given: ReadonlyMap<string, Given>,
  ignored: readonly string[],
): Config {
  const settings = new Map<string, Setting>();
  const entries: [string, Value][] = [];
  for (const option of known.values()) {
    const { name } = option;
    const set = given.get(name);
    const result = checkOption(option, set?.value);
    if (!result.success) {
      raise('bad-request', `\`${name}\` (${set?.source ?? 'default'}): ${complaintOf(result)}.`, option.doc);
    }
    if (result.data === undefined) continue;
    settings.set(name, { name, value: result.data, source: set?.source ?? 'default' });
    const shown = option.hidden ? undefined : toAo(result.data);
    if (shown !== undefined) entries.push([name, shown]);
  }
  const group = (names: readonly string[], prefix: string): object =>
    Object.fromEntries(
      names.flatMap((name) => {
        const setting = settings.get(prefix + dashed(name));
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

function unknown(name: string, known: ReadonlyMap<string, unknown>, source: string): never {
  const nearest = nearestName(name, known.keys());
  return raise(
    'bad-request',
    `There is no option \`${name}\` (${source}).`,
    nearest === undefined
      ? '`hyperbeam config explain` lists all of them.'
      : `Did you mean \`${source === 'the command line' ? '--' : ''}${nearest}\`?`,
  );
}
