/**
 * `cookie@1.0` (spec 02 §6, spec 03 §7.9) by path: cookies of the caller, and secrets kept in them.
 *
 *     /~cookie@1.0/store?k1=v1         the answer sets a cookie
 *     /~cookie@1.0/extract             the cookies that came with the request
 *     /~cookie@1.0/get-cookie?key=k1   one of them
 *
 * Somebody without a wallet can still prove to be the same person as before: `commit` makes an HMAC whose secret is a cookie that only
 * they have. `generate` finds that secret, or makes one, for the devices that keep wallets for such people.
 *
 * In memory cookies are private (`priv/cookie`): the HTTP layer puts them there and takes them out again.
 */

import { cookiesOf, secretCookieName, withCookies } from '../../codecs/cookie.ts';
import { cookieValue, storableCookies, writeCookies, writeSetCookies } from '../../codecs/cookie-text.ts';
import { type Binary, isBinary, toBase64Url } from '../../core/bytes.ts';
import { commitmentsOf, commitmentText, committerOf } from '../../core/commitments.ts';
import { type Call, device } from '../../core/device.ts';
import { oneOf, optional, text } from '../../core/fields.ts';
import { isMessage, Message, message, messageFrom } from '../../core/message.ts';
import { fail, notFound, type Outcome, ok } from '../../core/outcome.ts';
import { setPrivate } from '../../core/private.ts';
import { isList, UNSET, type Value } from '../../core/value.ts';
import { isTransportKey } from '../meta/option-names.ts';
import { firstPlain, plain } from '../plain.ts';

const codec = 'cookie@1.0';
const secretBytes = 64;

type CookieCall = Call<unknown, unknown, 'environment' | 'random'>;

export const cookieDevice = device({
  name: codec,
  doc: 'Cookies, and secrets kept in cookies.',
  uses: ['environment', 'random'],
  keys: {
    store: {
      doc: 'The base with every key of the request as a cookie.',
      run({ base, requestMessage }) {
        const stored: [string, Value][] = [];
        for (const [key, value] of storableCookies(requestMessage.without('commitments')).entries()) {
          const spelt = isMessage(value) ? value : text.read(value);
          if (spelt !== undefined && !isTransportKey(key)) stored.push([key, spelt]);
        }
        return ok(withCookies(base, messageFrom([...cookiesOf(base).entries(), ...stored])));
      },
    },
    extract: {
      doc: 'All cookies of the request and the base.',
      run: ({ base, requestMessage }) => ok(allCookies(base, requestMessage)),
    },
    'get-cookie': {
      doc: 'The cookie `key`: as it is stored, or as a header in the `format` `set-cookie` or `cookie`.',
      request: { key: text, format: optional(oneOf('default', 'set-cookie', 'cookie')) },
      run({ base, request, requestMessage }) {
        const cookie = allCookies(base, requestMessage).get(request.key);
        if (cookie === undefined) return notFound;
        const alone = messageFrom([[request.key, cookie]]);
        if (request.format === 'set-cookie') return ok(writeSetCookies(alone)[0]!);
        return ok(request.format === 'cookie' ? writeCookies(alone) : cookie);
      },
    },
    reset: {
      doc: 'The base without cookies.',
      run: ({ base }) => ok(setPrivate(base.without('cookie', 'set-cookie'), 'cookie', UNSET)),
    },
    from: { doc: 'The base with its cookie headers put away privately.', run: ({ base }) => ok(withCookies(base)) },
    to: {
      doc: 'The cookies of the base as header lines, in the `format` `set-cookie` or `cookie`.',
      request: { format: oneOf('set-cookie', 'cookie') },
      run({ base, request }) {
        const cookies = cookiesOf(base);
        return ok(request.format === 'cookie' ? writeCookies(cookies) : writeSetCookies(cookies));
      },
    },
    generate: {
      doc: 'The request with the `secret` from its cookies, or with a new one that becomes a cookie.',
      async run(call) {
        const { base, requestMessage: request } = call;
        const known = secretsIn(allCookies(base, request));
        if (known.length > 0) return ok(request.with('secret', known.length === 1 ? known[0]! : known));
        const secret = await newSecret(call);
        if (typeof secret === 'object' && 'status' in secret) return secret;
        return ok(withSecret(request, secret).with('secret', secret));
      },
    },
    commit: {
      doc: 'The base with a commitment under the `secret`, the one of `committer`’s cookie, or a new one; its cookie is stored.',
      async run(call) {
        const { base, requestMessage: request, ao } = call;
        const secret = await secretFor(call);
        if (typeof secret === 'object' && 'status' in secret) return secret;
        const asked = request.with('secret', secret).with('commitment-device', codec).without('path');
        return ok(withSecret(await ao.commit(base, asked), secret));
      },
    },
    verify: {
      doc: 'Whether the commitments hold, by the secrets in the cookies of the request.',
      run({ base, requestMessage: request, ao }) {
        const secret = request.has('secret') ? undefined : secretOf(base, allCookies(Message.empty, request));
        const asked = request.with('path', 'verify');
        return ao.raw('message@1.0', base, secret === undefined ? asked : asked.with('secret', secret));
      },
    },
    finalize: {
      doc: 'The sequence under `body` with a last step that sets the cookies.',
      async run({ base, requestMessage: call, ao }) {
        const request = await plain(ao, call, 'request');
        const steps = await plain(ao, call, 'body');
        if (!isList(steps)) return fail('bad-request', '`body` has to be a sequence of messages.');
        const cookies = allCookies(base, isMessage(request) ? request : Message.empty);
        const last = message({ path: 'set', 'set-cookie': writeSetCookies(cookies) });
        return ok(call.with('body', cookies.size === 0 ? steps : [...steps, last]));
      },
    },
  },
});

/** The cookies of the base, and over them those of the request. */
function allCookies(base: Message, request: Message): Message {
  return cookiesOf(base).withAll(cookiesOf(request).entries());
}

function secretsIn(cookies: Message): readonly Binary[] {
  const out: Binary[] = [];
  for (const name of cookies.keys()) {
    const value = cookieValue(cookies.get(name)!);
    if (name.startsWith('secret-') && isBinary(value)) out.push(value);
  }
  return out;
}

/** The secret of the first commitment of the base that the cookies have one for. */
function secretOf(base: Message, cookies: Message): Binary | undefined {
  for (const [, commitment] of commitmentsOf(base)) {
    if (commitmentText(commitment, 'commitment-device') !== codec) continue;
    const cookie = cookies.get(`secret-${committerOf(commitment)}`);
    const value = cookie === undefined ? undefined : cookieValue(cookie);
    if (isBinary(value)) return value;
  }
  return undefined;
}

async function secretFor(call: CookieCall): Promise<Binary | Outcome> {
  const { base, requestMessage: request, ao } = call;
  const given = await plain(ao, request, 'secret');
  if (isBinary(given)) return given;
  const committer = await plain(ao, request, 'committer');
  if (committer === undefined) return newSecret(call);
  const cookie = allCookies(base, request).get(`secret-${text.read(committer)}`);
  const secret = cookie === undefined ? undefined : cookieValue(cookie);
  return isBinary(secret) ? secret : fail('unauthorized', 'There is no cookie with the secret of this committer.');
}

/** A secret that nobody had before, or what the operator's generator makes. */
async function newSecret({
  base,
  requestMessage: request,
  ao,
  environment,
  random,
}: CookieCall): Promise<Binary | Outcome> {
  const generator = await firstPlain(ao, [
    [request, 'generator'],
    [base, 'generator'],
    [environment.options, 'cookie-default-generator'],
  ]);
  if (generator === undefined || generator === 'random') return toBase64Url(random(secretBytes));
  const outcome = await ao.resolveRequest(isMessage(generator) ? generator : (text.read(generator) ?? ''));
  if (outcome.status !== 'ok') return outcome;
  return isBinary(outcome.value) ? outcome.value : fail('bad-type', 'The generator did not give a secret.');
}

function withSecret(target: Message, secret: Binary): Message {
  return withCookies(target, cookiesOf(target).with(secretCookieName(secret), secret));
}
