/**
 * `flat@1.0` (spec 02 §5.2) by path: messages as one level of path keys. Its text form, a line for each key, is how configuration files
 * are written.
 */
import { readFlatText, writeFlatText } from '../../codecs/flat.ts';
import { isBinary } from '../../core/bytes.ts';
import { device } from '../../core/device.ts';
import { isMessage, message } from '../../core/message.ts';
import { fail, ok } from '../../core/outcome.ts';
import { commitmentKeys, conversionKeys, encodedTarget, isOutcome } from './codec-keys.ts';

const codec = 'flat@1.0';

export const flatDevice = device({
  name: codec,
  doc: 'Messages as one level of path keys, and as lines of text.',
  uses: ['environment'],
  keys: {
    ...conversionKeys(codec),
    ...commitmentKeys('httpsig@1.0'),
    serialize: {
      doc: 'The base as lines `path: value` under `body`.',
      async run({ base, environment }) {
        const body = await writeFlatText(base, environment);
        return ok(message({ 'content-type': 'application/flat', body }));
      },
    },
    deserialize: {
      doc: 'The message that the lines under `body`, or under the key named by `target`, spell.',
      async run(call) {
        const encoded = await encodedTarget(call);
        if (isOutcome(encoded)) return encoded;
        if (isMessage(encoded)) return ok(encoded);
        if (!isBinary(encoded)) return fail('bad-encoding', 'Only text can be flat.');
        return ok(readFlatText(encoded, call.environment));
      },
    },
  },
});
