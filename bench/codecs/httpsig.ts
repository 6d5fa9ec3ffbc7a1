/** httpsig@1.0 and structured fields. */

import { parseDictionary } from '../../src/codecs/structured-fields.ts';
import { convert } from '../../src/core/convert.ts';
import { isMessage, type Message, message } from '../../src/core/message.ts';
import { createLibrary } from '../../src/node/library.ts';
import { type Report, rateSync } from '../harness.ts';

export async function bench(report: Report): Promise<void> {
  const { env, ao } = createLibrary();
  const literal = {
    action: 'Transfer',
    quantity: 1000,
    recipient: 'x'.repeat(43),
    'data-protocol': 'ao',
    body: 'hello',
  };
  let n = 0;
  const encode = rateSync(() => convert(message({ ...literal, n: n++ }), 'httpsig@1.0', 'structured@1.0', env));
  report.figure({ name: 'httpsig encode', rate: encode, goal: { text: '≥ 50 k/s', met: encode >= 5e4 } });
  const encoded = await ao.convert(message(literal), 'httpsig@1.0');
  if (!isMessage(encoded)) throw new Error('not encoded');
  const entries = [...encoded.entries()];
  const decode = rateSync(() => convert(fresh(entries), 'structured@1.0', 'httpsig@1.0', env));
  report.figure({ name: 'httpsig decode', rate: decode, goal: { text: '≥ 50 k/s', met: decode >= 5e4 } });
  const dictionary =
    'block-height="integer", block-timestamp="integer", slot="integer", status="integer", timestamp="integer"';
  report.figure({ name: 'structured field, dictionary of 5', rate: rateSync(() => parseDictionary(dictionary)) });
}

/** A message of its own each time: what is derived from a message is kept on it. */
function fresh(entries: readonly (readonly [string, unknown])[]): Message {
  return message(Object.fromEntries(entries) as { [key: string]: string });
}
