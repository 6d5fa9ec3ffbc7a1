import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { configReference } from '../../scripts/config-reference.ts';

test('docs/config.md is what `npm run docs` makes', () => {
  expect(readFileSync(new URL('../../docs/config.md', import.meta.url), 'utf8')).toBe(configReference());
});
