/**
 * Lua values in the typed form of the gold files (`test/vectors/lua/README.md`): for tests that compare every bit, kind and order, where
 * {@link Reader.value} would already have made messages of them.
 */
import type { Reader } from './wire.ts';

export type Typed =
  | { readonly t: 'nil' | 'function' }
  | { readonly t: 'boolean'; readonly v: boolean }
  | { readonly t: 'integer'; readonly v: string }
  | { readonly t: 'float'; readonly v: number }
  | { readonly t: 'string'; readonly b64: string }
  | { readonly t: 'table'; readonly entries: readonly (readonly [Typed, Typed])[] }
  | { readonly t: 'table'; readonly cycle: true };

export function readTyped(reader: Reader): Typed {
  switch (reader.u8()) {
    case 0:
      return { t: 'nil' };
    case 1:
      return { t: 'boolean', v: false };
    case 2:
      return { t: 'boolean', v: true };
    case 3:
      return { t: 'integer', v: String(reader.i64()) };
    case 4:
      return { t: 'integer', v: String(reader.big()) };
    case 5:
      return { t: 'float', v: reader.f64() };
    case 6:
      return { t: 'string', b64: reader.data().toBase64() };
    case 7: {
      const items = reader.u32();
      const pairs = reader.u32();
      const entries: [Typed, Typed][] = [];
      for (let i = 1; i <= items; i++) entries.push([{ t: 'integer', v: String(i) }, readTyped(reader)]);
      for (let i = 0; i < pairs; i++) entries.push([readTyped(reader), readTyped(reader)]);
      return { t: 'table', entries };
    }
    case 8:
      reader.utf8();
      return { t: 'function' };
    default:
      return { t: 'table', cycle: true };
  }
}

export function readTypedValues(reader: Reader): Typed[] {
  const values: Typed[] = [];
  for (let count = reader.u32(); count > 0; count--) values.push(readTyped(reader));
  return values;
}
