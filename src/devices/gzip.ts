/**
 * `gzip@1.0` (spec 02 §5.3): compresses the `body` of a message and says so in `content-encoding`, or the other way round.
 *
 * A few kilobytes of gzip can stand for gigabytes. `unzip` stops as soon as the output is larger than any message may be.
 */
import { promisify } from 'node:util';
import { gzip as compress, gunzip } from 'node:zlib';
import { type Binary, binary, toBytes } from '../core/bytes.ts';
import { device } from '../core/device.ts';
import { fail, ok } from '../core/outcome.ts';
import { UNSET } from '../core/value.ts';
import { bodyOf, setPlain } from './plain.ts';

export const gzip = device({
  name: 'gzip@1.0',
  doc: 'Compresses and expands the body of a message.',
  uses: ['environment'],
  pure: true,
  keys: {
    zip: {
      doc: 'The message with its body compressed and `content-encoding: gzip`.',
      async run({ base, requestMessage, ao }) {
        const body = await bodyOf(ao, base, requestMessage);
        if (body === undefined) return noBody;
        const zipped: Binary = new Uint8Array(await promisify(compress)(toBytes(body)));
        const changes = [
          ['body', zipped],
          ['content-encoding', 'gzip'],
        ] as const;
        return ok(await setPlain(ao, base, changes));
      },
    },
    unzip: {
      doc: 'The message with its body expanded and without `content-encoding`.',
      async run({ base, requestMessage, ao, environment }) {
        const body = await bodyOf(ao, base, requestMessage);
        if (body === undefined) return noBody;
        const maxOutputLength = environment.limits.maxMessageBytes;
        try {
          const expanded = await promisify(gunzip)(toBytes(body), { maxOutputLength });
          const changes = [
            ['body', binary(new Uint8Array(expanded))],
            ['content-encoding', UNSET],
          ] as const;
          return ok(await setPlain(ao, base, changes));
        } catch (thrown) {
          const code = (thrown as NodeJS.ErrnoException).code;
          if (code === 'ERR_BUFFER_TOO_LARGE') {
            return fail('limit-exceeded', `The body expands to more than ${maxOutputLength} bytes.`);
          }
          if (code?.startsWith('Z_')) return fail('bad-encoding', 'The body is not valid gzip.');
          throw thrown;
        }
      },
    },
  },
});

const noBody = fail('bad-request', 'There is no body.', 'Give the bytes under `body`.');
