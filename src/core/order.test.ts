import { describe, expect, test } from 'vitest';
import { foldOrder, keyHash, keyOrder } from './order.ts';

describe('map order', () => {
  test('the hash of the reference', () => {
    const hash = (text: string): bigint => keyHash(new TextEncoder().encode(text));
    expect(hash('')).toBe(13239095599208416018n);
    expect(hash('a')).toBe(919659365495508815n);
    expect(hash('key-32')).toBe(11640606631855458191n);
  });

  test('folds run the other way round above 32 keys', () => {
    const keys = Array.from({ length: 40 }, (_, i) => `key-${i}`);
    expect(foldOrder([...keys]).reverse()).toEqual(keyOrder([...keys]));
    expect(foldOrder(['b', 'a'])).toEqual(['a', 'b']);
  });
});
