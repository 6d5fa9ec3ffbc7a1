/**
 * Cookies in answers (spec 03 §2.3.2): whatever a result has under `cookie`, `set-cookie` or privately becomes `set-cookie` headers, and
 * is taken out before anything is signed. The request's own cookies, which travel privately through the resolution, are not sent back.
 *
 * What somebody signed stays: a stored message whose author covers a key `set-cookie` is that message, and its author sets no cookies in the
 * browsers of its readers.
 */
import type { Awaitable } from '../core/awaitable.ts';
import { isBinary } from '../core/bytes.ts';
import type { Codec } from '../core/codec.ts';
import { withoutUnlessCommitted } from '../core/commitments.ts';
import type { Environment } from '../core/environment.ts';
import { equal } from '../core/equal.ts';
import { AoException } from '../core/errors.ts';
import { isMessage, Message, message } from '../core/message.ts';
import { isList, type Value } from '../core/value.ts';
import { toLatin1 } from '../net/latin1.ts';

export interface TakenCookies {
  /** Values of `set-cookie` headers. */
  readonly lines: readonly string[];
  readonly rest: Message;
}

const format = message({ format: 'set-cookie' });

export function takeCookies(result: Message, request: Message, env: Environment): Awaitable<TakenCookies> {
  const jar = changedCookies(jarOf(result), jarOf(request));
  if (jar === undefined && !result.has('set-cookie') && !result.has('cookie')) return { lines: [], rest: result };
  const rest = withoutUnlessCommitted(['cookie', 'set-cookie'], result);
  const codec = env.codecs.get('cookie@1.0');
  if (codec === undefined) return { lines: [], rest };
  const source = new Map<string, Value>();
  for (const key of ['cookie', 'set-cookie']) {
    const value = result.get(key);
    if (value !== undefined && !rest.has(key)) source.set(key, value);
  }
  if (jar !== undefined) source.set('priv', message({ cookie: jar }));
  return linesFor(new Message(source), codec, env).then((lines) => ({ lines, rest }));
}

/** As `set-cookie` lines; none if they are malformed: the answer matters more. */
async function linesFor(source: Message, codec: Codec, env: Environment): Promise<readonly string[]> {
  try {
    return linesOf(await codec.fromTabm(await codec.toTabm(source, {}, env), { request: format }, env));
  } catch (thrown) {
    if (thrown instanceof AoException) return [];
    throw thrown;
  }
}

function jarOf(holder: Message): Value | undefined {
  const priv = holder.get('priv');
  return isMessage(priv) ? priv.get('cookie') : undefined;
}

/** The cookies that the caller hasn't got in this form. Sent back unchanged they would lose their attributes. */
function changedCookies(jar: Value | undefined, before: Value | undefined): Value | undefined {
  if (jar === undefined || jar === before || !isMessage(jar)) return undefined;
  const changed = isMessage(before)
    ? jar.filter((name, cookie) => {
        const known = before.get(name);
        return known === undefined || !equal(cookie, known);
      })
    : jar;
  return changed.size === 0 ? undefined : changed;
}

/** A cookie that can't stand in a header is left out: the answer matters more. */
function linesOf(written: Value): readonly string[] {
  const value = isMessage(written) ? written.get('set-cookie') : written;
  const items =
    value === undefined
      ? []
      : isList(value)
        ? value
        : isMessage(value)
          ? value.keys().map((key) => value.get(key)!)
          : [value];
  return items
    .filter(isBinary)
    .map(toLatin1)
    .filter((line) => line !== undefined);
}
