/** Writes the generated pages of docs/: `npm run docs`. A test checks that they are up to date. */
import { writeFileSync } from 'node:fs';
import { errorReference } from './error-reference.ts';

writeFileSync(new URL('../docs/errors.md', import.meta.url), errorReference());
