/**
 * Which codec a request is in, and which one its answer should be in (spec 03 §2.1, §2.4; vectors http-accept.json). The rules are those of
 * the network, not of RFC 9110: a wish counts only if it is exactly one media type or device name; lists, weights and wildcards mean
 * "the default".
 */
import { type Binary, isBinary, toText } from '../core/bytes.ts';
import type { Environment } from '../core/environment.ts';
import type { Message } from '../core/message.ts';
import type { Value } from '../core/value.ts';

/**
 * The codec a media type or device name stands for.
 *
 *     application/json → json@1.0     application/json@1.0 → json@1.0     device/x, a@1.0 → as they are     others → fallback
 */
function codecNamed(wish: string, env: Environment, fallback: string): string {
  if (wish.startsWith('application/')) {
    const rest = wish.slice('application/'.length);
    const name = rest.includes('@') ? rest : `${rest}@1.0`;
    return env.codecs.has(name) || env.devices.has(name) ? name : fallback;
  }
  if (wish.startsWith('device/')) return wish.slice('device/'.length);
  return wish.includes('@') ? wish : fallback;
}

/** What a caller says about the answer it wants. */
export interface Wish {
  readonly codec: string;
  /** Asked for by `require-codec`: another codec is not an answer. */
  readonly required: boolean;
}

/** The codec for the answer to `request`. `rendered`: the result has a `content-type` of its own, so its body is already what it should be. */
export function answerCodec(request: Message, rendered: boolean, env: Environment, fallback: string): Wish {
  const required = textOf(request.get('require-codec'));
  if (required !== undefined) return { codec: codecNamed(required, env, fallback), required: true };
  const accept = rendered ? undefined : textOf(request.get('accept'));
  // The two commonest wishes, without looking at them closely.
  if (accept === undefined || accept === '*/*') return { codec: rendered ? 'httpsig@1.0' : fallback, required: false };
  const codec = codecNamed(accept, env, fallback);
  return { codec, required: false };
}

/** The codec of a request's body. Parameters of the content type (`; charset=utf-8`) don't matter here. */
export function requestCodec(
  codecDevice: Value | undefined,
  contentType: Value | undefined,
  env: Environment,
  fallback: string,
): string {
  const named = textOf(codecDevice);
  if (named !== undefined) return named;
  const type = textOf(contentType);
  if (type === undefined) return fallback;
  const end = type.indexOf(';');
  const media = end < 0 ? type : type.slice(0, end).trimEnd();
  return codecNamed(/^application\//i.test(media) ? media.toLowerCase() : media, env, fallback);
}

export function textOf(value: Value | undefined): string | undefined {
  return value !== undefined && isBinary(value) ? toText(value as Binary) : undefined;
}
