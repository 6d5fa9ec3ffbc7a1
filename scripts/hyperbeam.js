/**
 * `hyperbeam` from a checkout. Plain JavaScript, so that what Node makes of the TypeScript sources is kept from the first file on: starts
 * after the first take a third of the time, and the compiler stays out of memory.
 */
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

// Here and not in the system's temporary directory, where others could put code for us. Threads find it by the variable.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('../node_modules/.cache/compiled', import.meta.url));
enableCompileCache(process.env.NODE_COMPILE_CACHE);
await import('../src/cli/main.ts');
