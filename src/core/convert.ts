/** Conversion between formats (spec 02 §1.2): source codec → TABM → target codec. */
import { type Awaitable, andThen } from './awaitable.ts';
import { isBinary, toText } from './bytes.ts';
import type { Codec, CodecParams, Tabm } from './codec.ts';
import { deepMerge } from './deep.ts';
import type { Environment } from './environment.ts';
import { raise } from './errors.ts';
import { isMessage, type Message } from './message.ts';
import type { Value } from './value.ts';

/** A codec's name, `tabm`, or a message `{device: name, …params}`. */
export type Format = string | Message;

/** Which commitments make up an id: none, every signed one, every one, or those of these addresses. */
export type IdKind = 'unsigned' | 'signed' | 'all-commitments' | readonly string[];

/** The form that programs work with: typed values, children inline or as links. */
export const structured = 'structured@1.0';

/**
 * `value` in another format. Private data of a message is put aside and given back to a result that is a message; other results (JSON
 * text, data items) can't hold it.
 */
export function convert(value: Value, target: Format, source: Format = structured, env: Environment): Awaitable<Value> {
  const priv = isMessage(value) ? value.get('priv') : undefined;
  const origin = isMessage(value) ? value.origin : undefined;
  const content = isMessage(value) ? value.without('priv') : value;
  return andThen(decode(content, source, env), (tabm) =>
    andThen(encode(tabm, target, env), (result) => {
      if (!isMessage(result)) return result;
      const whole = isMessage(priv) && priv.size > 0 ? withPrivate(result, priv) : result;
      return origin === undefined ? whole : whole.withOrigin(origin);
    }),
  );
}

function withPrivate(message: Message, priv: Message): Message {
  const own = message.get('priv');
  return message.with('priv', isMessage(own) ? deepMerge(own, priv) : priv);
}

function decode(value: Value, source: Format, env: Environment): Awaitable<Tabm> {
  if (source !== 'tabm') return codecOf(source, env).toTabm(value, paramsOf(source), env);
  if (isMessage(value) || isBinary(value)) return value;
  raise('bad-encoding', 'A TABM is a message or a byte string.');
}

function encode(tabm: Tabm, target: Format, env: Environment): Awaitable<Value> {
  return target === 'tabm' ? tabm : codecOf(target, env).fromTabm(tabm, paramsOf(target), env);
}

/** The codec a format names. */
export function codecOf(format: Format, env: Environment): Codec {
  const named = isMessage(format) ? format.get('device') : format;
  const name = named !== undefined && isBinary(named) ? toText(named) : undefined;
  const codec = name === undefined ? undefined : env.codecs.get(name);
  if (codec === undefined) {
    raise('bad-request', `There is no format "${name ?? '?'}".`, `Formats are ${[...env.codecs.keys()].join(', ')}.`);
  }
  return codec;
}

function paramsOf(format: Format): CodecParams {
  if (!isMessage(format)) return {};
  const bundle = format.get('bundle');
  const request = format.without('device', 'bundle');
  return {
    ...(bundle === undefined ? {} : { bundle: bundle === true || bundle === 'true' }),
    ...(request.size === 0 ? {} : { request }),
  };
}
