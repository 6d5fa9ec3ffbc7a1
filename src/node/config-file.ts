/**
 * Configuration files (spec 03 §3.3): `config.json` holds one object, `config.flat` (and any other file) `key: value` lines in which `/`
 * nests. Types beyond the format's own come from `ao-types` at their level. Several files are laid over each other, message by message.
 */
import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { parseFlatText, unflatten } from '../codecs/flat.ts';
import { parseJson } from '../codecs/json-parse.ts';
import { fromTabm } from '../codecs/structured.ts';
import type { Environment } from '../core/environment.ts';
import { raise } from '../core/errors.ts';
import { isMessage, isPrivateKey, type Message, messageFrom } from '../core/message.ts';
import { isList, type Value } from '../core/value.ts';
import { createLibrary } from './library.ts';

/** What a file says. Throws `bad-request` with a sentence. */
export function readConfigFile(path: string): Message {
  const text = readText(path);
  let parsed: Value | undefined;
  try {
    const { env } = createLibrary();
    const read =
      extname(path) === '.json'
        ? parseJson(text, env.limits)
        : unflatten(parseFlatText(withoutComments(text), env), env);
    parsed = typed(read, env);
  } catch (cause) {
    raise('bad-request', `The configuration file ${path} cannot be understood: ${(cause as Error).message}`, {
      hint: 'A `.json` file holds one object; any other file `key: value` lines.',
      cause,
    });
  }
  if (!isMessage(parsed)) {
    raise('bad-request', `The configuration file ${path} holds no object.`, 'Write `{"port": 8734}`.');
  }
  return parsed;
}

/** The value with the `ao-types` of every level applied. Codecs would leave out what is private; here it is the operator's own. */
function typed(value: Value, env: Environment): Value {
  if (isList(value)) return value.map((item) => typed(item, env));
  if (!isMessage(value)) return value;
  const privately: [string, Value][] = [];
  const openly: [string, Value][] = [];
  for (const [key, item] of value.entries()) (isPrivateKey(key) ? privately : openly).push([key, typed(item, env)]);
  const read = fromTabm(messageFrom(openly), env);
  return isMessage(read) ? read.without('ao-types').withAll(privately) : read;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    return raise('bad-request', `The configuration file ${path} cannot be read: ${(cause as Error).message}.`, {
      hint: 'Check the path given by `--config` or `HB_CONFIG`.',
      cause,
    });
  }
}

function withoutComments(text: string): string {
  return text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n');
}

/** `above` laid over `below`: nested messages entry by entry, everything else as a whole. */
export function overlaid(below: Value | undefined, above: Value): Value {
  if (!isMessage(below) || !isMessage(above)) return above;
  return below.withAll([...above.entries()].map(([key, value]) => [key, overlaid(below.get(key), value)]));
}
