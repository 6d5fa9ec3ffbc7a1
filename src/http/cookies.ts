/**
 * Cookies in answers (spec 03 §2.3.2): whatever a result has under `cookie`, `set-cookie` or privately becomes `set-cookie` headers, and
 * is taken out before anything is signed. The request's own cookies, which travel privately through the resolution, are not sent back.
 */
import { type Awaitable, andThen } from '../core/awaitable.ts';
import { isBinary } from '../core/bytes.ts';
import type { Environment } from '../core/environment.ts';
import { equal } from '../core/equal.ts';
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
  const rest = result.without('cookie', 'set-cookie');
  const codec = env.codecs.get('cookie@1.0');
  if (codec === undefined) return { lines: [], rest };
  const source = new Map<string, Value>();
  for (const key of ['cookie', 'set-cookie']) {
    const value = result.get(key);
    if (value !== undefined) source.set(key, value);
  }
  if (jar !== undefined) source.set('priv', message({ cookie: jar }));
  return andThen(codec.toTabm(new Message(source), {}, env), (tabm) =>
    andThen(codec.fromTabm(tabm, { request: format }, env), (written) => ({ lines: linesOf(written), rest })),
  );
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
