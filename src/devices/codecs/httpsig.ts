/**
 * `httpsig@1.0` (spec 02 §2) by path: messages as HTTP messages with RFC 9421 signatures. `serialize` gives the flat text form, header
 * lines and body, or with `format=components` the two apart.
 */
import { serializeFlat } from '../../codecs/httpsig.ts';
import { device } from '../../core/device.ts';
import { oneOf, optional } from '../../core/fields.ts';
import { isMessage, message } from '../../core/message.ts';
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
        if (request.format !== 'components') return ok(serializeFlat(encoded));
        const body = encoded.get('body');
        return ok(message({ headers: encoded.without('body', 'priv'), ...(body === undefined ? {} : { body }) }));
      },
    },
  },
});
