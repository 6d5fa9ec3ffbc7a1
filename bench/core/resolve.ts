/** The resolver: plain keys, paths, `set`, ids; beside the map look-ups and hashes they are bounded by. */
import { createHmac } from 'node:crypto';
import { message } from '../../src/core/message.ts';
import { createLibrary } from '../../src/node/library.ts';
import { type Report, rateSync } from '../harness.ts';

export function bench(report: Report): void {
  const ao = createLibrary();
  const base = message({ a: { b: { c: '1' } }, key: 'value', n: 5 });
  const map = new Map([['key', 'value']]);
  const lookup = { name: 'Map.get', rate: rateSync(() => map.get('key')) };

  const plain = rateSync(() => ao.resolve(base, 'key'));
  report.figure({
    name: 'resolve, plain key',
    rate: plain,
    limit: lookup,
    goal: { text: '≥ 1 M/s', met: plain >= 1e6 },
  });
  const path = rateSync(() => ao.resolve(base, 'a/b/c'));
  report.figure({ name: 'resolve, three-step path', rate: path, goal: { text: '≥ 100 k/s', met: path >= 1e5 } });
  const request = rateSync(() => ao.request('/~message@1.0&greeting="Hello"&count+integer=42/count'));
  report.figure({ name: 'resolve, HyperPATH request', rate: request });
  report.figure({
    name: 'set',
    rate: rateSync(() => ao.resolve(base, message({ path: 'set', key: 'other' }), { hashpath: 'ignore' })),
  });

  let i = 0;
  const text = '"a": 1\n"@signature-params": ("a");alg="hmac-sha256";keyid="constant:ao"';
  const hmac = {
    name: 'HMAC-SHA-256',
    rate: rateSync(() => createHmac('sha256', 'constant:ao').update(text).digest('base64url')),
  };
  const ids = rateSync(() => ao.id(message({ a: 1, b: 'two', n: i++ })));
  report.figure({
    name: 'unsigned id of a new small message',
    rate: ids,
    limit: hmac,
    goal: { text: '≥ 50 k/s', met: ids >= 5e4 },
  });
}
