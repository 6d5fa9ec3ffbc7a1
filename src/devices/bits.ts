/**
 * `bits@1.0` (spec 02 §5.3): reads packed binary records by path, without a program for every format.
 *
 *     /ID/~bits@1.0&from=version:8+integer,flags:8,height:32+integer
 *     /ID/~bits@1.0&take=12
 */
import { toBytes } from '../core/bytes.ts';
import { device } from '../core/device.ts';
import { integer, text } from '../core/fields.ts';
import { fail, ok } from '../core/outcome.ts';
import { decodeBits, firstBits, parseFormat } from './bits/fields.ts';
import { bodyOf, firstPlain } from './plain.ts';

export const bits = device({
  name: 'bits@1.0',
  doc: 'Takes packed binary data apart.',
  keys: {
    from: {
      doc: 'The fields of the body, as the format under `from` describes them: `name:bits[+type], …` or `repeat(…)`.',
      async run({ base, requestMessage: request, ao }) {
        const body = await bodyOf(ao, base, request);
        if (body === undefined) return noBody;
        const format = await firstPlain(ao, [
          [request, 'from'],
          [base, 'from'],
        ]);
        const spelt = format === undefined ? undefined : text.read(format);
        if (spelt === undefined) return fail('bad-request', 'The format has to be text under `from`.');
        return ok(decodeBits(parseFormat(spelt), toBytes(body)));
      },
    },
    take: {
      doc: 'The first `take` bits of the body; a last incomplete byte is filled up with zeros.',
      async run({ base, requestMessage: request, ao }) {
        const body = await bodyOf(ao, base, request);
        if (body === undefined) return noBody;
        const wanted = await firstPlain(ao, [
          [request, 'take'],
          [base, 'take'],
        ]);
        const count = wanted === undefined ? undefined : integer.read(wanted);
        if (count === undefined || count < 0) return fail('bad-request', '`take` has to be a number of bits.');
        return ok(firstBits(toBytes(body), count));
      },
    },
  },
});

const noBody = fail('bad-request', 'There is no body.', 'Give the bytes under `body`.');
