/** Bare byte strings: their ids, their form in every codec, and the base64 they come in. */
import { expect } from 'vitest';
import { codecEnvironment } from '../../test/support/codec-environment.ts';
import type { Json } from '../../test/support/notation.ts';
import { vectorSuite } from '../../test/support/vectors.ts';
import { type Binary, binary, fromBase64, toBase64, toBytes } from '../core/bytes.ts';
import { convert } from '../core/convert.ts';
import { id, sumOfIds } from '../core/ids.ts';
import { allCodecs } from './all.ts';

type Case = { readonly [key: string]: Json };
const env = codecEnvironment('2025-09', allCodecs);

vectorSuite<Case>('reference/base64-decode.json', ({ in: text, out_b64: out }) => {
  const bytes = fromBase64(text as string);
  expect(bytes && toBase64(bytes)).toBe(typeof out === 'string' ? out : undefined);
});

vectorSuite<Case>('reference/accumulate.json', ({ ids, accumulated }) => {
  expect(sumOfIds(ids as readonly string[])).toBe(accumulated);
});

vectorSuite<Case>('reference/binary-ids.json', ({ binary_b64: given, id: expected }) => {
  expect(id(binary(fromBase64(given as string)!), 'unsigned', env)).toBe(expected);
});

vectorSuite<Case>('reference/binary-conversions.json', async (vector) => {
  const given = binary(fromBase64((vector['ans104'] as Case)['data_b64'] as string)!);
  for (const format of ['structured@1.0', 'httpsig@1.0', 'flat@1.0', 'json@1.0', 'ans104@1.0']) {
    const encoded = (await convert(given, format, undefined, env)) as Binary;
    if (format === 'ans104@1.0') expect(toBase64(toBytes(encoded))).toBe((vector['ans104'] as Case)['raw_b64']);
    else expect(encoded).toBe(format === 'json@1.0' ? JSON.stringify(given) : given);
    expect(await convert(encoded, 'structured@1.0', format, env)).toBe(given);
  }
});
