import type { LookupAddress } from 'node:dns';
import { describe, expect, test } from 'vitest';
import { AoException } from '../core/errors.ts';
import { Guard } from './guard.ts';

const strict = new Guard({ allowPrivate: false, allow: [] });

describe('addresses that may be reached', () => {
  const refused = [
    '0.0.0.0',
    '10.1.2.3',
    '100.64.1.1',
    '127.0.0.1',
    '127.255.255.254',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:a00:1',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    'fe80::1',
    'fd00::1',
    'ff02::1',
    '2001:db8::1',
  ];
  for (const address of refused) test(`${address} is refused`, () => expect(strict.isAllowed(address)).toBe(false));
  const allowed = [
    '1.1.1.1',
    '172.32.0.1',
    '193.168.1.1',
    '2606:4700:4700::1111',
    '::ffff:1.1.1.1',
    '64:ff9b::101:101',
  ];
  for (const address of allowed) test(`${address} is allowed`, () => expect(strict.isAllowed(address)).toBe(true));
});

describe('addresses in URLs', () => {
  const refused = [
    'http://127.0.0.1/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://0177.0.0.1/',
    'http://127.1/',
    'http://[::1]:8080/',
    'http://[::ffff:7f00:1]/',
    'http://169.254.169.254/latest/meta-data',
  ];
  for (const url of refused) {
    test(`${url} is refused`, () => expect(() => strict.check(new URL(url))).toThrow(AoException));
  }

  test('other protocols, and names with passwords, are refused', () => {
    for (const url of ['file:///etc/passwd', 'ftp://example.com/', 'http://user:pass@example.com/']) {
      expect(() => strict.check(new URL(url)), url).toThrow('bad-request');
    }
  });

  test('the operator may allow hosts and networks', () => {
    const guard = new Guard({ allowPrivate: false, allow: ['127.0.0.1:6363', '10.1.0.0/16'] });
    guard.check(new URL('http://127.0.0.1:6363/'));
    guard.check(new URL('http://10.1.2.3/'));
    expect(() => guard.check(new URL('http://127.0.0.1:6364/'))).toThrow('forbidden');
    expect(() => guard.check(new URL('http://10.2.2.3/'))).toThrow('forbidden');
    expect(() => new Guard({ allowPrivate: false, allow: ['nonsense/8'] })).toThrow('bad-request');
  });
});

describe('names', () => {
  const lookUp = (addresses: readonly string[], allow: readonly string[] = []): Promise<LookupAddress[] | Error> => {
    const guard = new Guard({ allowPrivate: false, allow }, (_host, _options, callback) =>
      callback(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      ),
    );
    return new Promise((resolve) =>
      guard.lookupFor(new URL('http://example.com/'))('example.com', { all: true }, (error, found) =>
        resolve(error ?? (found as LookupAddress[])),
      ),
    );
  };

  test('only public addresses of a name are connected to', async () => {
    expect(await lookUp(['127.0.0.1', '1.1.1.1'])).toEqual([{ address: '1.1.1.1', family: 4 }]);
    expect(String(await lookUp(['127.0.0.1', '::1']))).toContain('forbidden');
    expect(await lookUp(['127.0.0.1'], ['example.com'])).toEqual([{ address: '127.0.0.1', family: 4 }]);
  });
});
