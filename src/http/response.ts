/**
 * From a result to an answer (spec 03 §2.3–2.5): negotiate, commit, encode, and remember.
 *
 *     result ─► codec, bundle ─► remembered? ─┬─► answer ─► 304, 206, cookies, index page
 *                                             └─► commit (once per content) ─► encode ─┘
 *
 * Commitments are the node's, made with its wallet. Equal content gets the same commitment and the same bytes, whoever asks; so nothing that
 * belongs to one caller (cookies, its request id, where its request came from) is part of what is remembered. Concurrent requests for the
 * same new content share one signature.
 *
 * A body that lies in the store stays a link until the headers are made: its digest is its address, so it is signed, compared and cut
 * without being read, and sent from its file.
 */
import { type Awaitable, andThen, isPromise } from '../core/awaitable.ts';
import { isBinary, toBytes } from '../core/bytes.ts';
import { commit } from '../core/commit.ts';
import type { Environment } from '../core/environment.ts';
import { raise } from '../core/errors.ts';
import { flag } from '../core/fields.ts';
import { hashpath } from '../core/hashpath.ts';
import { load } from '../core/links.ts';
import { type Message, message } from '../core/message.ts';
import { isOfficial } from '../core/official.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Resolver } from '../core/resolver.ts';
import { Link, type Value } from '../core/value.ts';
import { sha256Base64Url } from '../crypto/hash.ts';
import type {} from '../devices/hyperbuddy.ts';
import type { Answer } from './answer.ts';
import { AnswerCache } from './answer-cache.ts';
import type { Blobs } from './blobs.ts';
import { conditional } from './conditional.ts';
import { contentKey } from './content-key.ts';
import { takeCookies } from './cookies.ts';
import { dataItems, type Encoded, encodeAnswer } from './encode-answer.ts';
import type { HeaderMap } from './headers.ts';
import { indexPage } from './index-page.ts';
import { answerCodec } from './negotiate.ts';
import { type Answering, answering } from './options.ts';
import { escapeHtml, page } from './problem.ts';
import { type Result, resultOf } from './result.ts';

/** What an answer depends on besides the result. */
export interface Asked {
  readonly request: Message;
  readonly headers: HeaderMap;
  readonly resolver: Resolver;
  readonly requestId: string;
  /** False where the reference doesn't sign: refusals of hooks. */
  readonly sign: boolean;
}

/** An encoded answer, as it is remembered. */
interface Ready {
  readonly answer: Answer;
  readonly etag: string | undefined;
  /** The body is raw bytes: ranges of it can be asked for. */
  readonly ranges: boolean;
  /** Stands for the body of the answer, which lies in a file or elsewhere in the store: looked up for every caller. */
  readonly linked: Link | undefined;
  /** Neither a body nor a content type: a person would see nothing. */
  readonly blank: boolean;
  /** The body is made of parts: a person would be given a file to keep. */
  readonly parts: boolean;
}

export class Responder {
  readonly #blobs: Blobs | undefined;
  readonly #ready: AnswerCache<Ready>;
  readonly #signed: AnswerCache<Message>;
  readonly #signing = new Map<string, Promise<Message>>();

  constructor(blobs: Blobs | undefined, cacheBytes: number) {
    this.#blobs = blobs;
    this.#ready = new AnswerCache(cacheBytes / 2);
    this.#signed = new AnswerCache(cacheBytes / 2);
  }

  respond(outcome: Outcome, asked: Asked): Awaitable<Answer> {
    const { env } = asked.resolver;
    const options = answering(env.options);
    const result = resultOf(outcome);
    const { codec, required } = answerCodec(
      asked.request,
      result.message.has('content-type'),
      env,
      options.defaultCodec,
    );
    const known = env.codecs.has(codec);
    if (!known && required) {
      raise('bad-request', `This node does not know the format \`${codec}\`.`, {
        status: 406,
        hint: `It knows ${[...env.codecs.keys()].join(', ')}.`,
      });
    }
    return this.#respondIn(known ? codec : options.defaultCodec, result, options, asked);
  }

  #respondIn(codec: string, result: Result, options: Answering, asked: Asked): Awaitable<Answer> {
    const bundle = wantsBundle(asked.request.get('accept-bundle'), codec);
    const person = codec === 'httpsig@1.0' && !bundle && wantsHtml(asked.headers);
    if (person && (result.status === 404 || result.status >= 500)) return errorPage(result, asked);
    const cookies = takeCookies(result.message, asked.request, asked.resolver.env);
    if (isPromise(cookies)) {
      return cookies.then(({ lines, rest }) =>
        this.#finish(codec, bundle, { ...result, message: rest }, lines, options, asked),
      );
    }
    const plain = cookies.rest === result.message ? result : { ...result, message: cookies.rest };
    return this.#finish(codec, bundle, plain, cookies.lines, options, asked);
  }

  #finish(
    codec: string,
    bundle: boolean,
    result: Result,
    cookies: readonly string[],
    options: Answering,
    asked: Asked,
  ): Awaitable<Answer> {
    const ready = this.#encoded(codec, bundle, result, options, asked);
    return isPromise(ready)
      ? ready.then((made) => this.#dress(made, codec, bundle, result, cookies, options, asked))
      : this.#dress(ready, codec, bundle, result, cookies, options, asked);
  }

  /** What depends on the caller. */
  #dress(
    ready: Ready,
    codec: string,
    bundle: boolean,
    result: Result,
    cookies: readonly string[],
    options: Answering,
    asked: Asked,
  ): Awaitable<Answer> {
    const mayShow = options.generateIndex && codec === 'httpsig@1.0' && !bundle;
    const hasParts = ready.parts && !result.message.has('body');
    if (mayShow && (ready.blank || (hasParts && wantsHtml(asked.headers)))) {
      const shown = indexPage(result.message, asked, wantsHtml(asked.headers));
      return andThen(shown, (found) => this.#withBody(withPage(ready, found), cookies, asked));
    }
    return this.#withBody(ready, cookies, asked);
  }

  #withBody(ready: Ready, cookies: readonly string[], asked: Asked): Awaitable<Answer> {
    const { linked } = ready;
    if (linked === undefined) return finishAnswer(ready, cookies, asked);
    return this.#open(linked, asked.resolver.env).then((body) =>
      finishAnswer({ ...ready, answer: { ...ready.answer, body } }, cookies, asked),
    );
  }

  /** A file to send from; where the store doesn't keep one, the bytes. */
  async #open(linked: Link, env: Environment): Promise<Answer['body']> {
    const blob = await this.#blobs?.open(linked.ref);
    if (blob !== undefined) return { blob, start: 0, end: blob.size };
    const bytes = await load(linked, env);
    return isBinary(bytes) ? toBytes(bytes) : raise('store-failed', `What \`${linked.ref}\` leads to is no bytes.`);
  }

  // ---- the part that is remembered ------------------------------------------------------------------------------------------

  #encoded(codec: string, bundle: boolean, result: Result, options: Answering, asked: Asked): Awaitable<Ready> {
    const { env } = asked.resolver;
    const sign =
      asked.sign && options.forceSigned && !result.signed && env.wallet !== undefined && !isOfficial(result.message);
    // What somebody has signed for this one request, an assignment above all, will not be asked for again.
    const content = result.signed && !isRead(asked) ? undefined : contentKey(result.message);
    // What else decides on the bytes; the hashpath only where it is signed.
    const path = sign && options.signHashpath ? hashpath(result.message, env) : '';
    const key =
      content === undefined
        ? undefined
        : `${codec} ${bundle ? 'b' : ''}${sign ? env.wallet!.address : ''} ${result.status} ${env.dialect.name} ${path} ${content}`;
    const known = key === undefined ? undefined : this.#ready.get(key);
    if (known !== undefined) return known;
    return this.#encode(codec, bundle, result, sign, path, key, env);
  }

  async #encode(
    codec: string,
    bundle: boolean,
    result: Result,
    sign: boolean,
    path: string,
    key: string | undefined,
    env: Environment,
  ): Promise<Ready> {
    const bare = result.message.without('priv');
    const plain = path === '' ? bare.withOrigin(undefined) : bare;
    let whole = sign ? await this.#commit(plain, codec, path, env) : plain;
    // Formats without headers of their own tell the status in the body, also of what others signed.
    if (result.signed && codec !== 'httpsig@1.0' && codec !== dataItems && !whole.has('status')) {
      whole = whole.with('status', result.status);
    }
    const encoded = await encodeAnswer(whole, codec, bundle, env);
    const etag = key === undefined ? undefined : `"${sha256Base64Url(key).slice(0, 27)}"`;
    const ready = makeReady(encoded, result.status, etag);
    if (key !== undefined) this.#ready.set(key, ready, sizeOf(ready.answer));
    return ready;
  }

  /** The message with the node's commitment; the same one for the same content. */
  #commit(plain: Message, codec: string, path: string, env: Environment): Awaitable<Message> {
    const device = codec === dataItems ? dataItems : 'httpsig@1.0';
    const content = contentKey(plain);
    if (content === undefined) return commit(plain, env, commitWith(device));
    const key = `${device} ${env.wallet!.address} ${env.dialect.name} ${path} ${content}`;
    const known = this.#signed.get(key) ?? this.#signing.get(key);
    if (known !== undefined) return known;
    const signing = Promise.resolve(commit(plain, env, commitWith(device))).finally(() => this.#signing.delete(key));
    this.#signing.set(key, signing);
    return signing.then((signed) => {
      this.#signed.set(key, signed, 2_048 + 2 * content.length);
      return signed;
    });
  }
}

const commitments = new Map<string, Message>([
  ['httpsig@1.0', message({ 'commitment-device': 'httpsig@1.0', type: 'signed' })],
  [dataItems, message({ 'commitment-device': dataItems, type: 'signed' })],
]);

function commitWith(device: string): Message {
  return commitments.get(device)!;
}

/** Under the answer's own headers (spec 03 §2.3.5). */
const defaults = [
  ['access-control-allow-origin', '*'],
  ['access-control-allow-methods', 'GET, POST, PUT, DELETE, OPTIONS'],
  ['access-control-expose-headers', '*'],
  ['vary', 'accept, accept-bundle, require-codec'],
] as const;

function makeReady(encoded: Encoded, status: number, etag: string | undefined): Ready {
  const headers = encoded.headers.slice();
  const names = new Set<string>();
  for (let i = 0; i < headers.length; i += 2) names.add(headers[i]!);
  for (const [name, value] of defaults) if (!names.has(name)) headers.push(name, value);
  const tagged = status === 200 && etag !== undefined && !names.has('etag');
  if (tagged) headers.push('etag', etag);
  const ranges = status === 200 && encoded.raw && encoded.body !== undefined;
  if (ranges && !names.has('accept-ranges')) headers.push('accept-ranges', 'bytes');
  return {
    answer: { status, headers, body: inMemory(encoded.body) },
    etag: tagged ? etag : undefined,
    ranges,
    linked: linked(encoded.body),
    blank: encoded.body === undefined && !names.has('content-type'),
    parts: encoded.body !== undefined && !encoded.raw,
  };
}

function inMemory(body: Encoded['body']): Uint8Array | undefined {
  return body instanceof Link ? undefined : body;
}

function linked(body: Encoded['body']): Link | undefined {
  return body instanceof Link ? body : undefined;
}

function sizeOf(answer: Answer): number {
  let bytes = 512;
  for (const part of answer.headers) bytes += part.length;
  return bytes + (answer.body instanceof Uint8Array ? answer.body.length : 0);
}

/** An index page lies under the message's own headers. */
function withPage(ready: Ready, shown: Encoded | undefined): Ready {
  if (shown?.body === undefined) return ready;
  const own = ready.answer.headers;
  const headers: string[] = [];
  const names = new Set<string>();
  for (let i = 0; i < own.length; i += 2) {
    // What speaks of the parts gives way to the page.
    if (ready.parts && (own[i] === 'content-type' || own[i] === 'content-digest')) continue;
    names.add(own[i]!);
    headers.push(own[i]!, own[i + 1]!);
  }
  for (let i = 0; i < shown.headers.length; i += 2) {
    if (!names.has(shown.headers[i]!)) headers.push(shown.headers[i]!, shown.headers[i + 1]!);
  }
  const answer = { ...ready.answer, headers, body: inMemory(shown.body) };
  return { ...ready, answer, linked: linked(shown.body), ranges: false };
}

function finishAnswer(ready: Ready, cookies: readonly string[], asked: Asked): Answer {
  const { headers } = asked;
  let { answer } = ready;
  const echo = headers.get('access-control-request-headers');
  if (echo !== undefined || cookies.length > 0) {
    const own = answer.headers.slice();
    if (echo !== undefined) own.push('access-control-allow-headers', echo);
    for (const line of cookies) own.push('set-cookie', line);
    answer = { ...answer, headers: own };
  }
  if (!headers.has('if-none-match') && !headers.has('range')) return answer;
  if (!isRead(asked)) return answer;
  return conditional(answer, ready.etag, ready.ranges && asked.request.get('method') === 'GET', headers);
}

function isRead({ request }: Asked): boolean {
  const method = request.get('method');
  return method === 'GET' || method === 'HEAD';
}

function wantsBundle(wish: Value | undefined, codec: string): boolean {
  if (codec === dataItems && wish === false) return true;
  return wish === undefined ? codec === dataItems : (flag.read(wish) ?? false);
}

export function wantsHtml(headers: HeaderMap): boolean {
  return headers.get('accept')?.includes('text/html') === true;
}

/** The console's page for this status with the words filled in; where the node has none, or it can't be had, a plain one. */
function errorPage(result: Result, { requestId, resolver }: Asked): Awaitable<Answer> {
  const words = (key: string): string | undefined => {
    const value = result.message.get(key);
    return typeof value === 'string' ? value : undefined;
  };
  const sentence = words('body') ?? (result.status === 404 ? 'There is nothing here.' : 'The node could not answer.');
  const [code, hint] = [words('code') ?? 'error', words('hint')];
  const pages = resolver.env.capabilities.pages;
  return andThen(pages?.read(result.status === 404 ? '404.html' : '500.html'), (file) => {
    const html =
      typeof file?.body === 'string'
        ? filled(file.body, { status: String(result.status), code, sentence, hint: hint ?? '', request: requestId })
        : page(result.status, code, sentence, hint, requestId);
    const headers = ['content-type', 'text/html; charset=utf-8', 'cache-control', 'no-store'];
    for (const [name, value] of Object.entries(file?.headers ?? {})) headers.push(name, value);
    for (const [name, value] of defaults) headers.push(name, value);
    return { status: result.status, headers, body: new TextEncoder().encode(html) };
  });
}

/** A page with `{{name}}` replaced by what the name stands for, as text. */
function filled(template: string, values: { readonly [name: string]: string }): string {
  return template.replace(/\{\{([a-z]+)\}\}/g, (whole, name: string) =>
    Object.hasOwn(values, name) ? escapeHtml(values[name]!) : whole,
  );
}
