/** Cache settings of one step (spec 01 §3.1): what the caller, the result or base, and the request say, the earlier source first. */
import { isBinary, toText } from '../bytes.ts';
import { isMessage, type Message, normalizeKey } from '../message.ts';
import { isList, type Value } from '../value.ts';

export interface CacheSettings {
  readonly store: boolean;
  readonly lookup: boolean;
  readonly onlyIfCached: boolean;
}

interface Source {
  readonly store: boolean | undefined;
  readonly lookup: boolean | undefined;
  readonly onlyIfCached: boolean | undefined;
}

/** What the node does unless told otherwise. */
export const nodeCacheControl: readonly string[] = ['no-cache', 'no-store'];

/** The settings that these sources give together; a source that isn't a message says nothing. `store` is off and `lookup` on by default. */
export function cacheSettings(caller: readonly string[], ...sources: readonly (Value | undefined)[]): CacheSettings {
  const all = [directives(caller), ...sources.map(messageDirectives)];
  const first = (setting: keyof Source): boolean | undefined =>
    all.find((one) => one[setting] !== undefined)?.[setting];
  return {
    store: first('store') ?? false,
    lookup: first('lookup') ?? true,
    onlyIfCached: first('onlyIfCached') ?? false,
  };
}

/** What one list of words says: `always` beats the rest, a `no-` beats its opposite, unknown words say nothing. */
export function directives(words: readonly string[]): Source {
  const always = words.includes('always');
  const says = (yes: string, no: string): boolean | undefined =>
    always ? true : words.includes(no) ? false : words.includes(yes) ? true : undefined;
  return {
    store: says('store', 'no-store'),
    lookup: says('cache', 'no-cache'),
    onlyIfCached: words.includes('only-if-cached') ? true : undefined,
  };
}

function messageDirectives(source: Value | undefined): Source {
  return directives(isMessage(source) ? cacheWords(source) : []);
}

/** The words of a message's `cache-control`: a list, or a text with commas. */
export function cacheWords(message: Message): readonly string[] {
  return words(message.get('cache-control'));
}

export function words(value: Value | undefined): readonly string[] {
  if (value === undefined) return [];
  if (isList(value)) return value.flatMap(words);
  const text = isBinary(value) ? toText(value) : normalizeKey(value);
  return (text ?? '').split(',').map((word) => word.trim());
}
