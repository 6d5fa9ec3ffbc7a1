/**
 * `json@1.0` (spec 02 §5.1) by path. `…/serialize~json@1.0` is how clients that know nothing of AO-Core read a state, so it comes whole
 * (spec 06 §8, §12); with `bundle=false` children are ids under `<key>+link`, as the reference has them.
 */
import { isBinary } from '../../core/bytes.ts';
import { device } from '../../core/device.ts';
import { isMessage, message } from '../../core/message.ts';
import { fail, ok } from '../../core/outcome.ts';
import { commitmentKeys, conversionKeys, encodedTarget, formatOf, isOutcome, structured } from './codec-keys.ts';

const codec = 'json@1.0';

export const jsonDevice = device({
  name: codec,
  doc: 'Messages as JSON.',
  uses: ['environment'],
  keys: {
    ...conversionKeys(codec),
    ...commitmentKeys('httpsig@1.0'),
    serialize: {
      doc: 'The base as JSON text under `body`, with its content type.',
      async run({ base, requestMessage, ao }) {
        const whole = requestMessage.has('bundle') ? requestMessage : requestMessage.with('bundle', true);
        const body = await ao.convert(base, await formatOf(ao, codec, whole));
        return ok(message({ 'content-type': 'application/json', body }));
      },
    },
    deserialize: {
      doc: 'The message that the JSON under `body`, or under the key named by `target`, spells.',
      async run(call) {
        const encoded = await encodedTarget(call);
        if (isOutcome(encoded)) return encoded;
        if (isMessage(encoded)) return ok(encoded);
        if (!isBinary(encoded)) return fail('bad-encoding', 'Only text can be JSON.');
        return ok(await call.ao.convert(encoded, structured, codec));
      },
    },
  },
});
