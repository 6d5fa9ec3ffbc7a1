import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { errorReference } from '../../scripts/error-reference.ts';
import { startNode } from '../../src/testing/index.ts';

test('docs/errors.md is what `npm run docs` makes', () => {
  expect(readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')).toBe(errorReference());
});

test('errors look over HTTP as docs/errors.md says', async () => {
  await using node = await startNode();
  const url = `${node.url}/~no-such-device@1.0/key`;
  const plain = await fetch(url);
  expect(plain.status).toBe(400);
  expect(plain.headers.get('code')).toBe('device-not-found');
  expect(plain.headers.get('hint')).toMatch(/info/);
  expect(plain.headers.get('request-id')).toBeTruthy();
  expect(await plain.text()).toBe('There is no device "no-such-device@1.0" on this node.');
  const json: unknown = await (await fetch(url, { headers: { accept: 'application/json' } })).json();
  expect(json).toMatchObject({
    status: 400,
    code: 'device-not-found',
    body: expect.any(String),
    hint: expect.any(String),
  });
  expect(await (await fetch(`${node.url}/~message@1.0/nothing`)).text()).toBe('not_found');
  expect((await fetch(`${node.url}/${'x'.repeat(20_000)}`)).status).toBe(414);
});
