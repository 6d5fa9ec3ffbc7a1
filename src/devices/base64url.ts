/**
 * `base64url@1.0` (spec 02 §5.3): the `body` of a message as unpadded base64url text, and back. Decoding takes both alphabets, padded or
 * not, as everywhere in the protocol.
 */
import { binary, byteLength, fromBase64, toBase64Url, toBytes, toText } from '../core/bytes.ts';
import { device } from '../core/device.ts';
import { fail, ok } from '../core/outcome.ts';
import { bodyOf, setPlain } from './plain.ts';

export const base64url = device({
  name: 'base64url@1.0',
  doc: 'Encodes and decodes the body of a message.',
  uses: ['environment'],
  pure: true,
  keys: {
    encode: {
      doc: 'The message with its body as base64url text.',
      async run({ base, requestMessage, ao, environment }) {
        const body = await bodyOf(ao, base, requestMessage);
        if (body === undefined) return noBody;
        const size = Math.ceil((byteLength(body) * 4) / 3);
        const { maxMessageBytes } = environment.limits;
        if (size > maxMessageBytes) {
          return fail('limit-exceeded', `The encoded body would have ${size} bytes, more than ${maxMessageBytes}.`);
        }
        return ok(await setPlain(ao, base, [['body', toBase64Url(toBytes(body))]]));
      },
    },
    decode: {
      doc: 'The message with the bytes that its body spells.',
      async run({ base, requestMessage, ao }) {
        const body = await bodyOf(ao, base, requestMessage);
        if (body === undefined) return noBody;
        const text = toText(body);
        const bytes = text === undefined ? undefined : fromBase64(text);
        if (bytes === undefined) return fail('bad-base64', 'The body is not base64url.');
        return ok(await setPlain(ao, base, [['body', binary(bytes)]]));
      },
    },
  },
});

const noBody = fail('bad-request', 'There is no body.', 'Give the bytes under `body`.');
