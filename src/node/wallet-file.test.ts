/** The key that a node makes for itself. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openWallet } from './wallet-file.ts';

const directory = mkdtempSync(join(tmpdir(), 'wallet-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('of keys that are made at the same time one stays, and everybody has that', async () => {
  const path = join(directory, 'new', 'key.json');
  const opened = await Promise.all([openWallet(path, true), openWallet(path, true), openWallet(path, true)]);
  const addresses = new Set(opened.map(({ wallet }) => wallet.address));
  expect(addresses.size).toBe(1);
  expect(opened.filter(({ created }) => created)).toHaveLength(1);
  const before = readFileSync(path, 'utf8');
  const again = await openWallet(path, true);
  expect(again.created).toBe(false);
  expect(addresses.has(again.wallet.address)).toBe(true);
  expect(readFileSync(path, 'utf8')).toBe(before);
  expect(readdirSync(join(directory, 'new'))).toEqual(['key.json']);
  if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600);
}, 60_000);
