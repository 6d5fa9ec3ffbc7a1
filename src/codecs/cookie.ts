/**
 * `cookie@1.0` as a codec (spec 02 §6.1, §6.3): a message's cookies live privately under `priv/cookie`, name → value, or name →
 * `{value, attributes, flags}`. Decoding moves the header fields there, encoding writes them out. Its commitments are HMACs whose secret
 * is the cookie `secret-<committer>`.
 *
 * Making new secrets needs randomness and is the device's work.
 */
import { type Binary, isBinary, toText } from '../core/bytes.ts';
import type { Codec } from '../core/codec.ts';
import { raise } from '../core/errors.ts';
import { isMessage, Message, messageFrom } from '../core/message.ts';
import type { Value } from '../core/value.ts';
import { cookieValue, parseCookies, parseSetCookies, writeCookies, writeSetCookies } from './cookie-text.ts';
import { secretCommitter as committerOfSecret } from './httpsig/keyid.ts';
import { secretCommitter } from './secret-committer.ts';

export const cookie: Codec = {
  name: 'cookie@1.0',
  toTabm(encoded) {
    if (isBinary(encoded)) return encoded;
    return isMessage(encoded) ? withCookies(encoded) : raise('bad-type', 'Only messages have cookies.');
  },
  fromTabm(tabm, { request }) {
    const cookies = isMessage(tabm) ? cookiesOf(tabm) : Message.empty;
    const format = request?.get('format');
    switch (format !== undefined && isBinary(format) ? toText(format) : undefined) {
      case 'set-cookie':
        return writeSetCookies(cookies);
      case 'cookie':
        return writeCookies(cookies);
      default:
        return raise('bad-request', 'Cookies are written in the format `set-cookie` or `cookie`.', 'Give `format`.');
    }
  },
  committer: secretCommitter({
    device: 'cookie@1.0',
    secret: (request, committer) =>
      request.secret ?? (request.request && secretInCookies(request.request, committer ?? wanted(request.request))),
  }),
};

/** All cookies of a message: from `cookie`, `set-cookie` and `priv/cookie`, the later winning. */
export function cookiesOf(message: Message): Message {
  const header = message.get('cookie');
  const lines = message.get('set-cookie');
  const priv = message.get('priv');
  const own = isMessage(priv) ? priv.get('cookie') : undefined;
  return messageFrom([
    ...(header === undefined ? [] : parseCookies(header)),
    ...(lines === undefined ? [] : parseSetCookies(lines)),
    ...(isMessage(own) ? own.entries() : []),
  ]);
}

/** The message with its cookies under `priv/cookie` and the header fields gone. */
export function withCookies(message: Message, cookies: Message = cookiesOf(message)): Message {
  const plain = message.without('cookie', 'set-cookie');
  if (cookies.size === 0) return plain;
  const priv = plain.get('priv');
  return plain.with('priv', (isMessage(priv) ? priv : Message.empty).with('cookie', cookies));
}

/** Name of the cookie that holds a secret. */
export function secretCookieName(secret: Binary): string {
  return `secret-${committerOfSecret(secret)}`;
}

/** The secret of this committer among the cookies of a request. */
function secretInCookies(request: Message, committer: string | undefined): Binary | undefined {
  if (committer === undefined) return undefined;
  const found = cookiesOf(request).get(`secret-${committer}`);
  const value: Value | undefined = found === undefined ? undefined : cookieValue(found);
  return value !== undefined && isBinary(value) ? value : undefined;
}

function wanted(request: Message): string | undefined {
  const committer = request.get('committer');
  return committer !== undefined && isBinary(committer) ? toText(committer) : undefined;
}
