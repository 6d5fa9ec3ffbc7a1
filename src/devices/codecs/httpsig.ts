/**
 * `httpsig@1.0` (spec 02 §2) by path: messages as HTTP messages with RFC 9421 signatures. `serialize` gives the flat text form, header
 * lines and body, or with `format=components` the two apart.
 */
import { concatBytes, isBinary, keyToBytes, toBytes } from '../../core/bytes.ts';
import { device } from '../../core/device.ts';
import { oneOf, optional } from '../../core/fields.ts';
import { isMessage, isPrivateKey, type Message, message } from '../../core/message.ts';
import { ok } from '../../core/outcome.ts';
import { commitmentKeys, conversionKeys, formatOf } from './codec-keys.ts';

const codec = 'httpsig@1.0';

export const httpsigDevice = device({
  name: codec,
  doc: 'Messages as HTTP headers and body, with HTTP message signatures.',
  uses: ['environment'],
  keys: {
    ...conversionKeys(codec),
    ...commitmentKeys(codec),
    serialize: {
      doc: 'Header lines, an empty line and the body as one text; `format=components`: `{headers, body}`.',
      request: { format: optional(oneOf('components', 'default')) },
      async run({ base, request, requestMessage, ao }) {
        const encoded = await ao.convert(base, await formatOf(ao, codec, requestMessage));
        if (!isMessage(encoded)) return ok(encoded);
        if (request.format !== 'components') return ok(flatForm(encoded));
        const body = encoded.get('body');
        return ok(message({ headers: encoded.without('body', 'priv'), ...(body === undefined ? {} : { body }) }));
      },
    },
  },
});

const colon = toBytes(': ');
const lineEnd = toBytes('\r\n');

/** All entries but body and private ones as `name: value` lines, then the body after an empty line. */
function flatForm(encoded: Message): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const key of encoded.keys()) {
    const value = encoded.get(key)!;
    if (key === 'body' || isPrivateKey(key) || !isBinary(value)) continue;
    if (parts.length > 0) parts.push(lineEnd);
    parts.push(keyToBytes(key), colon, toBytes(value));
  }
  const body = encoded.get('body');
  if (isBinary(body) && toBytes(body).length > 0) parts.push(lineEnd, lineEnd, toBytes(body));
  return concatBytes(...parts);
}
