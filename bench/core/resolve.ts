/** The resolver on one core: plain reads, paths, requests, calls of a device. */
import { device } from '../../src/core/device.ts';
import { Message, message } from '../../src/core/message.ts';
import { ok } from '../../src/core/outcome.ts';
import { createLibrary } from '../../src/node/library.ts';
import { type Report, rateSync } from '../harness.ts';

const pong = device({ name: 'pong@1.0', doc: 'Answers.', keys: { ping: { doc: 'Answers.', run: () => ok('pong') } } });

export async function bench(report: Report): Promise<void> {
  const library = createLibrary({ devices: [pong] });
  const flat = message({ a: 'x', b: 1 });
  const deep = message({ a: { b: { c: 'x' } } });
  const called = message({ device: 'pong@1.0' });
  const request = message({ path: 'ping', n: 1 });

  const plain = rateSync(() => void library.resolve(flat, 'a'));
  report.figure({
    name: 'resolve/plain key of a plain message',
    rate: plain,

    goal: { text: '≥ 1 M/s', met: plain >= 1e6 },
  });
  const path = rateSync(() => void library.resolve(deep, 'a/b/c'));
  report.figure({
    name: 'resolve/three-step path, unsigned',
    rate: path,
    goal: { text: '≥ 100 k/s', met: path >= 1e5 },
  });
  report.figure({ name: 'resolve/bare key of a device', rate: rateSync(() => void library.resolve(called, 'ping')) });
  report.figure({ name: 'resolve/request to a device', rate: rateSync(() => void library.resolve(called, request)) });
  report.figure({
    name: 'request/known path: device, inline keys, set, read',
    rate: rateSync(() => void library.request('/~message@1.0&a=1&q=2/set&b=2/b')),
  });
  let n = 0;
  report.figure({
    name: 'request/new path: device, inline keys, set, read',
    rate: rateSync(() => void library.request(`/~message@1.0&a=1&q=${n++}/set&b=2/b`)),
  });
  let state = Message.empty;
  report.figure({
    name: 'resolve/set on a growing history, then its hashpath',
    rate: rateSync(() => {
      const outcome = library.resolve(state, message({ path: 'set', n: n++ }));
      if (!(outcome instanceof Promise) && outcome.status === 'ok') state = outcome.value as Message;
      library.hashpath(state);
    }),
  });
}
