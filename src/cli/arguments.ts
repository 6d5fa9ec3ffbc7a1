/** Arguments of the commands that talk to a node: strict flags, and the ones they share. */
import { join } from 'node:path';
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import type { Tags } from '../client/node-client.ts';
import { nearestName } from '../node/nearest.ts';
import { UsageError } from './command.ts';

/** Flags of every command that talks to a node. */
const nodeFlags = {
  node: { type: 'string' },
  wallet: { type: 'string' },
  'data-dir': { type: 'string' },
  signing: { type: 'string' },
  timeout: { type: 'string' },
} as const satisfies ParseArgsOptionsConfig;

export const nodeHelp = `  --node URL       The node; HB_NODE, else http://localhost:8734.
  --wallet FILE    The key that signs; HB_KEY, else the key in the data directory.
  --data-dir DIR   Where that key is; HB_DATA_DIR, else ./data.
  --signing HOW    \`ans104\` (data items, the default) or \`httpsig\`.
  --timeout SECS   Time for one request and its answer; 300 unless given.`;

export interface Arguments {
  readonly positionals: readonly string[];
  /** A flag's text. */
  text(name: string): string | undefined;
  flag(name: string): boolean;
  /** Every `--tag name=value`; of each `name+type=value` the type stands in `ao-types`. */
  readonly tags: Tags;
}

/** Reads the arguments of `command`; what it doesn't know, or too many of it, is a {@link UsageError}. */
export function readArguments(
  command: string,
  args: readonly string[],
  flags: ParseArgsOptionsConfig,
  positionals: { readonly min: number; readonly max: number; readonly what: string },
): Arguments {
  const parsed = parseStrictly(command, args, { ...nodeFlags, ...flags });
  const { length } = parsed.positionals;
  if (length < positionals.min) throw new UsageError(command, `\`${command}\` needs ${positionals.what}.`);
  if (length > positionals.max) {
    throw new UsageError(command, `\`${parsed.positionals[positionals.max]}\` is one argument too many.`);
  }
  const values = new Map(Object.entries(parsed.values));
  return {
    positionals: parsed.positionals,
    text(name) {
      const value = values.get(name);
      return typeof value === 'string' ? value : undefined;
    },
    flag: (name) => (values.get(name) as unknown) === true,
    tags: tagsFrom(command, values.get('tag')),
  };
}

/** Flags as they are declared and nothing else; what is not is a {@link UsageError}. */
export function parseStrictly<T extends ParseArgsOptionsConfig>(command: string, args: readonly string[], options: T) {
  try {
    const parsed = parseArgs({ args: withIdsMarked(args, options), options, allowPositionals: true });
    return { ...parsed, positionals: parsed.positionals.map((one) => (one.startsWith(idMark) ? one.slice(1) : one)) };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const [, unknown] = /^Unknown option '--?([^']+)'/.exec(error.message) ?? [];
    const meant = unknown === undefined ? undefined : nearestName(unknown, Object.keys(options));
    const sentence = error.message.split(/\. |\n/)[0]!.replace(/\.?$/, '.');
    throw new UsageError(command, meant === undefined ? sentence : `${sentence} Did you mean \`--${meant}\`?`);
  }
}

/** Stands before an id among the positionals while flags are read; no shell can give it. */
const idMark = '\0';

/**
 * One id in 64 begins with a dash, as do negative numbers and comments of Lua, and would be taken for flags. What stands behind a flag that
 * takes a value, and is no flag of the command, is its value; other ids are marked.
 */
function withIdsMarked(args: readonly string[], options: ParseArgsOptionsConfig): string[] {
  const out: string[] = [];
  for (const [i, arg] of args.entries()) {
    if (arg === '--') return [...out, ...args.slice(i)];
    const before = out.at(-1);
    const isId = /^-[A-Za-z0-9_-]{42}(?:$|[/~])/.test(arg);
    const takesValue = before?.startsWith('--') === true && options[before.slice(2)]?.type === 'string';
    if (takesValue && arg.startsWith('-') && (isId || !isFlag(arg, options))) out[out.length - 1] += `=${arg}`;
    else out.push(isId ? idMark + arg : arg);
  }
  return out;
}

function isFlag(arg: string, options: ParseArgsOptionsConfig): boolean {
  const [, name] = /^--([^=]+)/.exec(arg) ?? [];
  return name !== undefined && Object.hasOwn(options, name);
}

function tagsFrom(command: string, given: unknown): Tags {
  const tags = new Map<string, string>();
  const types: string[] = [];
  for (const text of Array.isArray(given) ? (given as readonly string[]) : []) {
    const [, name, type, value] = /^([^=]+?)(?:\+([a-z]+))?=(.*)$/s.exec(text) ?? [];
    if (name === undefined || value === undefined)
      throw new UsageError(command, `A tag is \`name=value\`, not \`${text}\`.`);
    tags.set(name, value);
    if (type !== undefined) types.push(`${name.toLowerCase()}="${type}"`);
  }
  if (types.length > 0) tags.set('ao-types', types.join(', '));
  return Object.fromEntries(tags);
}

/** Where the caller's key is. */
export function walletPath(given: Arguments): string {
  const directory = given.text('data-dir') ?? process.env['HB_DATA_DIR'] ?? 'data';
  return given.text('wallet') ?? process.env['HB_KEY'] ?? join(directory, 'hyperbeam-key.json');
}
