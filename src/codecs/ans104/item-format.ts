/** The fields of data items: target and anchor, 32 bytes each (spec 02 §4.6.2). */
import { type Binary, fromBase64, toBase64Url, toText } from '../../core/bytes.ts';
import type { Conversion, EnvelopeFormat } from './envelope.ts';
import { fieldBytes } from './item.ts';

export const itemFormat: EnvelopeFormat = {
  device: 'ans104@1.0',
  fields: [
    { key: 'anchor', fit: id, hidden: (dialect) => !dialect.anchorKey },
    { key: 'target', fit: id },
  ],
};

/** Base64url of 32 bytes, from any spelling of it. */
function id(value: Binary): string | undefined {
  const bytes = fromBase64(toText(value) ?? '?');
  return bytes?.length === fieldBytes ? toBase64Url(bytes) : undefined;
}

/** The same conversion, for the items inside an envelope of any format. */
export function itemConversion(conversion: Conversion): Conversion {
  return conversion.format === itemFormat ? conversion : { ...conversion, format: itemFormat };
}
