/**
 * Runs the cases of a gold file, one test each, titled `[vector <file>#<case>]`. A case that we answer differently on purpose stands in
 * `test/deliberate.ts` with its reason; it then must fail (so that the list can't rot) and counts as deliberate.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { deliberate } from '../deliberate.ts';
import type { Json } from './notation.ts';

export interface VectorFile<Case> {
  readonly cases: readonly Case[];
}

export function readVectors<Case>(file: string): VectorFile<Case> {
  return JSON.parse(readFileSync(new URL(`../vectors/${file}`, import.meta.url), 'utf8')) as VectorFile<Case>;
}

/**
 * @param file below `test/vectors/`
 * @param check throws (by `expect`) if the case doesn't hold
 * @param part  when several tests share a file: which fields this one looks at; becomes part of the case's name
 */
export function vectorSuite<Case extends { readonly [key: string]: Json }>(
  file: string,
  check: (vector: Case, index: number) => unknown,
  part?: string,
): void {
  describe(`vectors ${file}${part ? ` (${part})` : ''}`, () => {
    readVectors<Case>(file).cases.forEach((vector, index) => {
      const name = `${file}#${vector['name'] ?? vector['index'] ?? index}${part ? `:${part}` : ''}`;
      const reason = deliberate[name];
      if (reason === undefined) test(`[vector ${name}]`, () => check(vector, index) as Promise<void>);
      else {
        test(`[deliberate ${name}] ${reason}`, async () => {
          await expect((async () => check(vector, index))(), 'listed as deliberate, but it passes').rejects.toThrow();
        });
      }
    });
  });
}
