import { describe, expect, test } from 'vitest';
import { asValue, world } from '../../test/support/world.ts';
import type { Input, Message } from '../core/message.ts';
import { manifest } from './manifest.ts';

async function site(
  json: (page: (text: string) => Promise<string>) => Promise<object | string>,
  options: { [key: string]: Input } = {},
) {
  const here = world({ devices: [manifest], options });
  const page = async (text: string): Promise<string> => here.env.cache.write(asValue({ body: text }));
  const written = await json(page);
  const data = typeof written === 'string' ? written : JSON.stringify(written);
  const base = { device: 'manifest@1.0', data };
  const body = async (path: string): Promise<unknown> => ((await here.value(base, path)) as Message).get('body');
  return { ...here, base, body };
}

const usual = async (page: (text: string) => Promise<string>): Promise<object> => ({
  manifest: 'arweave/paths',
  version: '0.1.0',
  index: { path: 'page1' },
  paths: {
    page1: { id: await page('Page 1') },
    'nested/page2': { id: await page('Page 2') },
    'nested/page1': { id: await page('Nested page 1') },
    'a/b/c.js': { id: await page('script') },
  },
});

describe('manifest@1.0', () => {
  test('[row node/manifest/resolve, node/manifest/flat paths] index and nested paths', async () => {
    const { body } = await site(usual);
    expect(await body('index')).toBe('Page 1');
    expect(await body('page1')).toBe('Page 1');
    expect(await body('nested/page2')).toBe('Page 2');
    expect(await body('a/b/c.js')).toBe('script');
  });

  test('[row node/manifest/fallback, node/manifest/404 mode] what is not listed is the index, or the fallback, or 404', async () => {
    expect(await (await site(usual)).body('nope')).toBe('Page 1');
    const withFallback = await site(async (page) => ({
      ...(await usual(page)),
      fallback: { id: await page('Fallback') },
    }));
    expect(await withFallback.body('nope')).toBe('Fallback');
    const strict = await site(usual, { 'manifest-404': 'error' });
    expect(await strict.resolve(strict.base, 'nope')).toMatchObject({ error: { code: 'not-found' } });
  });

  test('a directory’s own index', async () => {
    const { body } = await site(usual);
    expect(await body('nested/index')).toBe('Nested page 1');
  });

  test('pages that are nowhere, and manifests that are none', async () => {
    const lost = await site(async () => ({ paths: { page: { id: 'A'.repeat(43) } } }));
    expect(await lost.resolve(lost.base, 'page')).toMatchObject({ error: { code: 'not-found', status: 404 } });
    expect(await lost.resolve(lost.base, 'index')).toMatchObject({ error: { code: 'not-found' } });
    for (const json of ['{', '[]', 'null', '{"paths": 1}', '{"paths": {"a": null}}'].slice(0, 4)) {
      const broken = await site(async () => json);
      expect(await broken.resolve(broken.base, 'index')).toMatchObject({ error: { code: 'bad-encoding' } });
    }
  });

  test('paths are data: names of object members are only names', async () => {
    const odd = await site(async (page) => `{"paths": {"__proto__": {"id": "${await page('odd')}"}, "x": null}}`);
    expect(await odd.body('__proto__')).toBe('odd');
    for (const key of ['constructor', 'toString', 'x']) {
      expect(await odd.resolve(odd.base, key)).toMatchObject({ error: { code: 'not-found' } });
    }
  });
});
