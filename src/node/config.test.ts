import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { AoException } from '../core/errors.ts';
import { isMessage, type Message } from '../core/message.ts';
import { type Config, type ConfigSources, configFrom, loadConfig } from './config.ts';
import { directoriesOf, storesOf } from './open-store.ts';
import { shownOption } from './option-value.ts';
import { declarations, ignoredOptions, optionAliases } from './options.ts';

function file(name: string, text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'config-')), name);
  writeFileSync(path, text);
  return path;
}

const json = (value: object): string => file('config.json', JSON.stringify(value));
const value = (config: Config, name: string): unknown => config.settings.get(name)?.value;
const at = (message: unknown, ...path: string[]): unknown =>
  path.reduce<unknown>((below, key) => (isMessage(below) ? below.get(key) : undefined), message);

function complaint(sources: ConfigSources): string {
  try {
    loadConfig(sources);
  } catch (error) {
    if (error instanceof AoException) return `${error.error.message} ${error.error.hint}`;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('where values come from', () => {
  test('default, environment, file, flag: each over the one before', () => {
    const none = join(mkdtempSync(join(tmpdir(), 'config-')), 'empty.flat');
    writeFileSync(none, '');
    const port = (sources: ConfigSources) => {
      const { value, source } = loadConfig({ file: none, ...sources }).settings.get('port')!;
      return [value, source];
    };
    const path = json({ port: 3 });
    expect(port({})).toEqual([8734, 'default']);
    expect(port({ env: { HB_PORT: '2' } })).toEqual([2, 'environment HB_PORT']);
    expect(port({ env: { HB_PORT: '2' }, file: path })).toEqual([3, `file ${path}`]);
    expect(port({ env: { HB_PORT: '2' }, file: path, flags: { port: '4' } })).toEqual([4, 'flag --port']);
  });

  test('HB_CONFIG names the file, a flag another one', () => {
    const env = { HB_CONFIG: json({ port: 3 }) };
    expect(value(loadConfig({ env }), 'port')).toBe(3);
    expect(value(loadConfig({ env, file: json({ port: 5 }) }), 'port')).toBe(5);
  });

  test('several files are laid over each other, message by message', () => {
    const first = json({ port: 3, on: { request: { device: 'relay@1.0', a: 1 }, step: { device: 'x@1.0' } } });
    const second = file('more.flat', 'on/request/device: p4@1.0\nmode: prod\n');
    const config = loadConfig({ file: `${first},${second}` });
    expect([value(config, 'port'), value(config, 'mode')]).toEqual([3, 'prod']);
    const on = value(config, 'on');
    expect(at(on, 'request', 'device')).toBe('p4@1.0');
    expect(at(on, 'request', 'a')).toBe(1);
    expect(at(on, 'step', 'device')).toBe('x@1.0');
    expect(config.settings.get('on')!.source).toBe(`file ${second}`);
  });

  test('the index of HB_INDEX', () => {
    const index = (text: string): Message => value(loadConfig({ env: { HB_INDEX: text } }), 'default-index') as Message;
    expect(index('ui').get('device')).toBe('hyperbuddy@1.0');
    expect(index('text').get('path')).toBe('format');
    expect([index('a@1.0/b/c').get('device'), index('a@1.0/b/c').get('path')]).toEqual(['a@1.0', 'b/c']);
  });
});

describe('values', () => {
  test('[row node/opts/global_get] what nobody set has its default, or is not there', () => {
    const config = loadConfig();
    expect(value(config, 'mode')).toBe('debug');
    expect(config.message.get('mode')).toBe('debug');
    expect(value(config, 'unset')).toBeUndefined();
    expect(value(config, 'unset') ?? 1234).toBe(1234);
  });

  test('[row node/opts/local_get, node/opts/local_preference] what is set beats the default, and only what is set', () => {
    const config = loadConfig({ flags: { 'public-host': 'https://ao.computer' } });
    expect(value(loadConfig(), 'host')).toBeUndefined();
    expect(value(config, 'host')).toBe('https://ao.computer');
    expect(value(loadConfig({ flags: { mode: 'prod' } }), 'mode')).toBe('prod');
    expect(value(config, 'mode')).toBe('debug');
  });
});

describe('files', () => {
  test('[row node/opts/load_flat] config.flat', () => {
    const path = file('config.flat', 'port: 1234\nhost: https://ao.computer\nawait-inprogress: false\n\n# words\n');
    const config = loadConfig({ file: path });
    expect(value(config, 'port')).toBe(1234);
    expect(value(config, 'host')).toBe('https://ao.computer');
    // The reference reads it as a boolean and uses it; here it means nothing, and `config explain` says so.
    expect(config.ignored).toEqual(['await-inprogress']);
  });

  test('[row node/opts/load_json] config.json, with types', () => {
    const store = [{ 'store-module': 'hb_store_lmdb', name: 'here', 'ao-types': 'store-module="atom"' }];
    const path = json({ port: 1234, host: 'https://ao.computer', await_inprogress: false, store });
    const config = loadConfig({ file: path, flags: { 'data-dir': '/d' } });
    expect(value(config, 'port')).toBe(1234);
    expect(storesOf(config)).toEqual([{ kind: 'lmdb', name: '/d/here' }]);
    expect(directoriesOf(storesOf(config))).toEqual(['/d/here']);
  });

  test('[row SO6, node/store-opts/full_integration_flow] defaults for kinds of stores reach nested ones', () => {
    const lmdb = { 'store-module': 'hb_store_lmdb', name: 'cache-mainnet/lmdb' };
    const subindex = [{ name: 'Data-Protocol', value: 'ao' }];
    const store = [
      lmdb,
      { 'store-module': 'hb_store_fs', name: 'cache-mainnet' },
      { 'store-module': 'hb_store_gateway', subindex, store: [lmdb], 'local-store': [lmdb] },
    ];
    const path = json({ store_defaults: { lmdb: { capacity: 5000 } }, store });
    const [first, second, third] = storesOf(loadConfig({ file: path, flags: { 'data-dir': '/d' } }));
    expect(first).toEqual({ kind: 'lmdb', name: '/d/cache-mainnet/lmdb', capacity: 5000 });
    expect(second).toEqual({ kind: 'fs', name: '/d/cache-mainnet' });
    expect(third).toMatchObject({ kind: 'gateway', subindex, 'local-store': true });
    expect(third).not.toHaveProperty('capacity');
    expect(third).toMatchObject({ store: [{ capacity: 5000 }] });
  });

  test('nested messages, lists and types in flat files', () => {
    const config = loadConfig({
      file: file(
        'node.flat',
        [
          'on/request/device: auth-hook@1.0',
          'on/request/when/keys/1: authorization',
          'on/request/count: 5',
          'on/request/ao-types: count="integer"',
          'rate-exempt/1: 10.0.0.1',
          'rate-exempt/2: 10.0.0.2',
          'trusted_proxies: 10.0.0.3, 10.0.0.4',
          'tls/cert-file: a.pem',
          'tls/key-file: b.pem',
          'Force_Signed: false',
        ].join('\n'),
      ),
    });
    expect(at(value(config, 'on'), 'request', 'device')).toBe('auth-hook@1.0');
    expect(at(value(config, 'on'), 'request', 'when', 'keys', '1')).toBe('authorization');
    expect(at(value(config, 'on'), 'request', 'count')).toBe(5);
    expect(config.listener.rateExempt).toEqual(['10.0.0.1', '10.0.0.2']);
    expect(config.listener.trustedProxies).toEqual(['10.0.0.3', '10.0.0.4']);
    expect(config.listener.tls).toEqual({ certFile: 'a.pem', keyFile: 'b.pem', minVersion: 'TLSv1.2' });
    expect(config.message.get('force-signed')).toBe(false);
  });

  test('names of the reference for options of ours', () => {
    const config = loadConfig({ file: json({ http_keepalive: 5, 'http-connect-timeout': 6, node_host: 'x' }) });
    expect(config.client).toMatchObject({ keepAliveMs: 5, connectTimeoutMs: 6 });
    expect(value(config, 'host')).toBe('x');
  });

  test('private keys are the operator’s own: they are read at every depth', () => {
    const json1 = json({ priv_key_location: 'a', identities: { x: { 'priv-key-location': 'b' } } });
    const flat1 = file('config.flat', 'priv-key-location: a\nidentities/x/priv-key-location: b\n');
    for (const path of [json1, flat1]) {
      const config = loadConfig({ file: path });
      expect(value(config, 'priv-key-location')).toBe('a');
      expect(at(value(config, 'identities'), 'x', 'priv-key-location')).toBe('b');
    }
  });

  test('a file of the reference with everything in it is read', () => {
    const everything = Object.fromEntries([...ignoredOptions].map((name) => [name.replaceAll('-', '_'), 'x']));
    expect(loadConfig({ file: json(everything) }).ignored).toHaveLength(ignoredOptions.size);
  });
});

describe('what is refused, and how', () => {
  test('unknown names, with the nearest one', () => {
    expect(complaint({ file: json({ prot: 1 }) })).toMatch(/no option `prot` \(file .*Did you mean `port`/);
    expect(complaint({ flags: { 'data-dri': 'x' } })).toContain('Did you mean `--data-dir`?');
    expect(complaint({ flags: { walet: 'x' } })).toContain('Did you mean `--wallet`?');
    expect(complaint({ file: json({ 'p4-recipient-of-everything': 1 }) })).toContain('config explain');
    expect(() => configFrom({ prot: 1 })).toThrow('There is no option `prot`');
  });

  test('values that do not fit', () => {
    expect(complaint({ flags: { port: 'abc' } })).toContain('`port` (flag --port)');
    expect(complaint({ flags: { port: '70000' } })).toContain('65535');
    expect(complaint({ file: json({ mode: 'loud' }) })).toContain('`mode` (file');
    expect(complaint({ file: json({ tls: { certFile: 'a' } }) })).toContain('keyFile');
    expect(complaint({ file: json({ on: 'x' }) })).toContain('has to be a message');
  });

  test('files that are not there, or say nothing', () => {
    expect(complaint({ file: '/nowhere/config.json' })).toContain('cannot be read');
    expect(complaint({ file: file('config.json', '{"a":') })).toContain('cannot be understood');
    expect(complaint({ file: file('config.json', '[1]') })).toContain('holds no object');
  });

  test('stores that cannot be', () => {
    const stores = (store: unknown[]) => () => storesOf(configFrom({ store: store as never }));
    expect(stores([])).toThrow('keeps anything');
    expect(stores(['x'])).toThrow('not a message');
  });
});

describe('the declarations', () => {
  const known = declarations();

  test('every option has a sentence; no name or flag stands for two', () => {
    for (const { name, doc } of known.values()) expect([name, doc.endsWith('.')]).toEqual([name, true]);
    const flags = [...known.values()].map(({ flag }) => flag);
    expect(new Set(flags).size).toBe(flags.length);
    for (const name of known.keys()) expect(ignoredOptions.has(name) || optionAliases.has(name)).toBe(false);
    for (const target of optionAliases.values()) expect(known.has(target)).toBe(true);
  });

  test('every option that code asks the node message for is declared', () => {
    const asked = sources('../').flatMap(({ path, text }) =>
      [...text.matchAll(/(?:options(?:\(\))?, \[?|options\.get\(|option(?:<[^>]*>)?\()'([a-z0-9]+(?:-[a-z0-9]+)*)'/g)]
        .map(([, name]) => name!)
        .filter((name) => !known.has(name))
        .map((name) => `${name} in ${path}`),
    );
    // `options` of another kind: those of a route.
    expect(asked.filter((one) => !one.endsWith(' in net/many.ts'))).toEqual([]);
  });

  test('every option of the node is read by something', () => {
    const text = sources('../')
      .filter(({ path }) => !path.endsWith('node-options.ts'))
      .map((one) => one.text)
      .join('\n');
    const node = [...known.values()].filter(({ section }) => section === 'node').map(({ name }) => name);
    expect(node.filter((name) => !text.includes(`'${name}'`))).toEqual([]);
  });

  test('what others need not know is not in the node message', () => {
    const { message } = configFrom({ 'data-dir': '/home/me', tls: { certFile: 'a', keyFile: 'b' } });
    for (const name of ['data-dir', 'tls', 'store', 'spool-directory']) expect(message.has(name)).toBe(false);
  });

  test('values for people', () => {
    const config = loadConfig({ file: json({ on: { request: { device: 'x', 'priv-key': 'secret' } } }) });
    expect(shownOption(value(config, 'on'))).toBe('{"request":{"device":"x"}}');
    expect(shownOption(['a', 1, true])).toBe('["a",1,true]');
    expect(shownOption('text')).toBe('text');
  });
});

function sources(below: string): { readonly path: string; readonly text: string }[] {
  const directory = fileURLToPath(new URL(below, import.meta.url));
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.startsWith('cli'))
    .map((path) => ({ path, text: readFileSync(join(directory, path), 'utf8') }));
}
