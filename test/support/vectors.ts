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
 * @param applies which cases have something to say to this test
 */
export function vectorSuite<Case extends { readonly [key: string]: Json }>(
  file: string,
  check: (vector: Case, index: number) => unknown,
  part?: string,
  applies: (vector: Case) => boolean = () => true,
): void {
  runCases(file, readVectors<Case>(file).cases, check, part, applies);
}

function runCases<Case extends { readonly [key: string]: Json }>(
  file: string,
  cases: readonly Case[],
  check: (vector: Case, index: number) => unknown,
  part?: string,
  applies: (vector: Case) => boolean = () => true,
): void {
  describe(`vectors ${file}${part ? ` (${part})` : ''}`, () => {
    cases.forEach((vector, index) => {
      if (!applies(vector)) return;
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

/**
 * As {@link vectorSuite} for a file of `reference/`, run twice: under the dialect of 2025-09 as it stands, and under that of 2025-11 with
 * the fields of `reference-2025-11/` put over it, which holds only what differs.
 */
export function dialectSuite<Case extends { readonly [key: string]: Json }>(
  file: string,
  check: (vector: Case, dialect: '2025-09' | '2025-11') => unknown,
  part: string,
  applies: (vector: Case) => boolean = () => true,
): void {
  vectorSuite<Case>(`reference/${file}`, (vector) => check(vector, '2025-09'), part, applies);
  const name = (vector: Case, index: number): string => String(vector['name'] ?? vector['index'] ?? index);
  const newer = new Map(
    readVectors<Case>(`reference-2025-11/${file}`).cases.map((vector, i) => [name(vector, i), vector]),
  );
  const cases = readVectors<Case>(`reference/${file}`).cases.map((vector, i) => ({
    ...vector,
    ...newer.get(name(vector, i)),
  }));
  runCases(`reference-2025-11/${file}`, cases, (vector) => check(vector, '2025-11'), part, applies);
}
