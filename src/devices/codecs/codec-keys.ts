/**
 * What every codec device can do (spec 02 §5): the codec itself is in `src/codecs/`, the device only makes it reachable by path.
 *
 *     /ID/to~flat@1.0                   the message in that format
 *     /ID~json@1.0/deserialize          the message that the body spells
 *     /~message@1.0&a=1/commit~ans104@1.0
 *
 * `commit` and `verify` are those of `message@1.0`, with this codec as the commitment device.
 */
import { isBinary } from '../../core/bytes.ts';
import type { Ao, Call, Key } from '../../core/device.ts';
import { flag } from '../../core/fields.ts';
import { isMessage, type Message, message } from '../../core/message.ts';
import { fail, type Outcome, ok } from '../../core/outcome.ts';
import type { Value } from '../../core/value.ts';
import { firstPlain, plain } from '../plain.ts';

export type CodecCall = Call<unknown, unknown, 'environment'>;
type CodecKey = Key<unknown, unknown, 'environment'>;

/** `to` and `from`. */
export function conversionKeys(codec: string): { readonly to: CodecKey; readonly from: CodecKey } {
  return {
    to: {
      doc: `The base as \`${codec}\`; \`bundle\` puts its children inline.`,
      run: async ({ base, requestMessage, ao }) =>
        ok(await ao.convert(base, await formatOf(ao, codec, requestMessage))),
    },
    from: {
      doc: `The message that the base, or the bytes of its \`body\`, is the \`${codec}\` form of.`,
      async run({ base, requestMessage, ao }) {
        const body = await plain(ao, base, 'body');
        const alone = isBinary(body) && base.without('device', 'priv').size === 1;
        return ok(await ao.convert(alone ? body : base, structured, await formatOf(ao, codec, requestMessage)));
      },
    },
  };
}

/** `commit` and `verify` with this codec. */
export function commitmentKeys(codec: string): { readonly commit: CodecKey; readonly verify: CodecKey } {
  return {
    commit: {
      doc: `The base with a commitment made by \`${codec}\`.`,
      run: ({ base, requestMessage, ao }) =>
        ao.raw('message@1.0', base, requestMessage.with('path', 'commit').with('commitment-device', codec)),
    },
    verify: {
      doc: 'Whether the selected commitments of the base hold.',
      run: ({ base, requestMessage, ao }) => ao.raw('message@1.0', base, requestMessage.with('path', 'verify')),
    },
  };
}

export const structured = 'structured@1.0';

/** The codec with the parameters that the request gives for it. */
export async function formatOf(ao: Ao, codec: string, request: Message): Promise<Message> {
  const bundle = await firstPlain(ao, [
    [request, 'bundle'],
    [request, 'accept-bundle'],
  ]);
  const wanted = bundle === undefined ? undefined : flag.read(bundle);
  return message({ device: codec, ...(wanted === undefined ? {} : { bundle: wanted }) });
}

/** The bytes to decode: the base's `body`, or the key that the request's `target` names. */
export async function encodedTarget({ base, requestMessage, ao }: CodecCall): Promise<Value | Outcome> {
  const target = (await plain(ao, requestMessage, 'target')) ?? 'body';
  const key = typeof target === 'string' ? target : 'body';
  return (
    (await plain(ao, base, key)) ?? fail('not-found', `There is nothing under \`${key}\` to decode.`, { status: 404 })
  );
}

/** Whether {@link encodedTarget} gave an outcome instead of a value. */
export function isOutcome(value: Value | Outcome): value is Outcome {
  return typeof value === 'object' && !isMessage(value) && 'status' in value;
}
