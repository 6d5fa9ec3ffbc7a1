/** Writes the generated pages of docs/: `npm run docs`. A test checks that they are up to date. */
import { writeFileSync } from 'node:fs';
import { configReference } from './config-reference.ts';
import { errorReference } from './error-reference.ts';

writeFileSync(new URL('../docs/errors.md', import.meta.url), errorReference());
writeFileSync(new URL('../docs/config.md', import.meta.url), configReference());
