/**
 * `ans104@1.0` (spec 02 §4) by path: messages as Arweave data items. `serialize` gives the bytes of the item, `deserialize` (or `from`) the
 * message in it.
 */
import { isBinary } from '../../core/bytes.ts';
import { device } from '../../core/device.ts';
import { message } from '../../core/message.ts';
import { fail, ok } from '../../core/outcome.ts';
import { commitmentKeys, conversionKeys, encodedTarget, formatOf, isOutcome, structured } from './codec-keys.ts';

const codec = 'ans104@1.0';

export const ans104Device = device({
  name: codec,
  doc: 'Messages as Arweave data items (ANS-104).',
  uses: ['environment'],
  keys: {
    ...conversionKeys(codec),
    ...commitmentKeys(codec),
    serialize: {
      doc: 'The base as a data item under `body`, with its content type.',
      async run({ base, requestMessage, ao }) {
        const body = await ao.convert(base, await formatOf(ao, codec, requestMessage));
        return ok(message({ 'content-type': 'application/ans104', body }));
      },
    },
    deserialize: {
      doc: 'The message in the item under `body`, or under the key named by `target`.',
      async run(call) {
        const encoded = await encodedTarget(call);
        if (isOutcome(encoded)) return encoded;
        if (!isBinary(encoded)) return fail('bad-encoding', 'A data item is a byte string.');
        return ok(await call.ao.convert(encoded, structured, codec));
      },
    },
  },
});
