import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { cacheSuite } from '../../test/conformance/cache.ts';
import { openFs } from './fs.ts';
import { openLmdb } from './lmdb.ts';
import { memoryStore } from './memory.ts';

const directory = mkdtempSync(join(tmpdir(), 'cache-'));
let counter = 0;
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const fresh = (): string => join(directory, String(counter++));

cacheSuite({ name: 'memory', open: async () => memoryStore() });
cacheSuite({ name: 'lmdb', open: () => openLmdb({ directory: fresh() }) });
cacheSuite({ name: 'fs', open: async () => openFs({ directory: fresh() }) });
