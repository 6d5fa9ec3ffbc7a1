import { describe, expect, test } from 'vitest';
import { toNotation } from '../../test/support/notation.ts';
import { type WorldOptions, world } from '../../test/support/world.ts';
import { type Device, device } from '../core/device.ts';
import { type Input, isMessage, type Message } from '../core/message.ts';
import { fail, notFound, type Outcome, ok, pass, skip } from '../core/outcome.ts';
import type { Value } from '../core/value.ts';
import { multipass } from './multipass.ts';
import { stack, stackTransformer } from './stack.ts';

/** APP(sep, status) of the cases: appends `sep` and the request's `bin` to `result`, in the first two passes. */
function appender(name: `${string}@1.0`, sep: string, status: (message: Message) => Outcome = ok): Device {
  return device({
    name,
    doc: 'Appends.',
    keys: {
      append: {
        doc: 'Appends.',
        run({ base, requestMessage }) {
          if (base.get('pass') === 3) return ok(base);
          return status(base.with('result', `${base.get('result')}${sep}${requestMessage.get('bin')}`));
        },
      },
    },
  });
}

/** A device that copies the request's value from below its input prefix to below its output prefix. */
const prefixed = device({
  name: 'prefixed@1.0',
  doc: 'Copies by prefix.',
  keys: {
    'prefix-set': {
      doc: 'Copies.',
      async run({ base, requestMessage, ao }) {
        const input = base.get('input-prefix') ?? '';
        const output = base.get('output-prefix') ?? '';
        const key = requestMessage.get('key') as string;
        const value = await ao.get(requestMessage, `${input}/${key}`);
        return value === undefined
          ? notFound
          : ok(await ao.set(base, requestMessage.filter(() => false).with(`${output}/${key}`, value)));
      },
    },
  },
});

const plus = Array.from({ length: 8 }, (_, i) => appender(`d${i + 1}@1.0`, `+D${i + 1}`));
const stackOf = (...names: string[]): Input => Object.fromEntries(names.map((name, i) => [String(i + 1), name]));

function stackWorld(devices: readonly Device[], more: WorldOptions = {}) {
  return world({
    dialect: '2025-09',
    ...more,
    devices: [stack, stackTransformer, multipass, prefixed, ...plus, ...devices],
  });
}

const base = (devices: Input, more: { [key: string]: Input } = {}): Input => ({
  device: 'stack@1.0',
  'device-stack': devices,
  result: 'INIT',
  ...more,
});

/** `example` below a key, as data: the result is still a stack, whose keys its devices answer. */
function below(result: Value, key: string): Value | undefined {
  return ((result as Message).get(key) as Message).get('example');
}

async function appended(devices: readonly Device[], on: Input, bin: string): Promise<unknown> {
  const value = await stackWorld(devices).value(on, { path: 'append', bin });
  return isMessage(value) ? value.get('result') : value;
}

describe('stack@1.0', () => {
  test('[row ST01] the message for one device reads as that device', async () => {
    const { value } = stackWorld([]);
    expect(await value(base(stackOf('d1@1.0', 'message@1.0')), 'transform/2/device')).toBe('message@1.0');
  });

  test('[row ST02] transform by name, from outside', async () => {
    const cool = device({
      name: 'cool@1.0',
      doc: 'Makes values cool.',
      keys: {},
      inherits: ['keys'],
      otherKeys: ({ base, key }) => ok(base.with(key, `${base.get(key)}-Cool`)),
    });
    const { value } = stackWorld([cool]);
    const on = { device: 'stack@1.0', 'device-stack': { 'make-cool': 'cool@1.0' }, value: 'Super' };
    expect(((await value(on, '/transform/make-cool/value')) as Message).get('value')).toBe('Super-Cool');
  });

  test('[row ST03] the example device alone', async () => {
    const { value } = stackWorld([appender('app@1.0', '_')]);
    const result = await value({ device: 'app@1.0', result: '1' }, { path: 'append', bin: '2' });
    expect((result as Message).get('result')).toBe('1_2');
  });

  test('[row ST04, ST05] devices work on one another’s results', async () => {
    const two = [appender('a@1.0', '!D1!'), appender('b@1.0', '_D2_')];
    expect(await appended(two, base(stackOf('a@1.0', 'b@1.0')), '2')).toBe('INIT!D1!2_D2_2');
    expect(await appended([], base(stackOf(...plus.map((one) => one.name))), '2')).toBe(
      'INIT+D12+D22+D32+D42+D52+D62+D72+D82',
    );
  });

  test('[row ST06] five devices, at least ten resolutions in 0.3 s', async () => {
    const { resolve } = stackWorld([]);
    const on = base(stackOf(...plus.slice(0, 5).map((one) => one.name)));
    const until = Date.now() + 300;
    let count = 0;
    while (Date.now() < until) {
      await resolve(on, { path: 'append', bin: '2' });
      count++;
    }
    expect(count).toBeGreaterThan(10);
  });

  test('[row ST07] no prefixes', async () => {
    const { value } = stackWorld([]);
    const result = await value(base(stackOf('prefixed@1.0', 'prefixed@1.0')), {
      path: 'prefix-set',
      key: 'example',
      example: 1,
    });
    expect((result as Message).get('example')).toBe(1);
  });

  test('[row ST08] a prefix for each device’s output', async () => {
    const { value } = stackWorld([]);
    const on = base(stackOf('prefixed@1.0', 'prefixed@1.0'), { 'output-prefixes': { 1: 'out1/', 2: 'out2/' } });
    const result = await value(on, { path: 'prefix-set', key: 'example', example: 1 });
    expect([below(result, 'out1'), below(result, 'out2')]).toEqual([1, 1]);
  });

  test('[row ST09] prefixes for input and output', async () => {
    const { value } = stackWorld([]);
    const on = base(stackOf('prefixed@1.0', 'prefixed@1.0'), {
      'input-prefixes': { 1: 'in1/', 2: 'in2/' },
      'output-prefixes': { 1: 'out1/', 2: 'out2/' },
    });
    const result = await value(on, { path: 'prefix-set', key: 'example', in1: { example: 1 }, in2: { example: 2 } });
    expect([below(result, 'out1'), below(result, 'out2')]).toEqual([1, 2]);
  });

  test('[row ST10] prefixes of the base are passed through', async () => {
    const { value } = stackWorld([]);
    const on = base(stackOf('prefixed@1.0', 'prefixed@1.0'), {
      'output-prefix': 'combined-out/',
      'input-prefix': 'combined-in/',
    });
    const result = await value(on, { path: 'prefix-set', key: 'example', 'combined-in': { example: 1 } });
    expect(below(result, 'combined-out')).toBe(1);
  });

  test('[row ST11] the result is a stack again', async () => {
    const { value } = stackWorld([]);
    const first = await value(base(stackOf('d1@1.0', 'd2@1.0')), { path: 'append', bin: '2' });
    expect((first as Message).get('result')).toBe('INIT+D12+D22');
    const second = await value(first as Message, { path: 'append', bin: '3' });
    expect((second as Message).get('result')).toBe('INIT+D12+D22+D13+D23');
  });

  test('[row ST12] skip ends the run with its message', async () => {
    const skipping = appender('skip@1.0', '+D1', skip);
    const outcome = await stackWorld([skipping]).resolve(base(stackOf('skip@1.0', 'd2@1.0')), {
      path: 'append',
      bin: '2',
    });
    expect(outcome).toMatchObject({ status: 'ok' });
    expect(await appended([skipping], base(stackOf('skip@1.0', 'd2@1.0')), '2')).toBe('INIT+D12');
  });

  test('[row ST13] pass starts again from the top', async () => {
    expect(await appended([appender('again@1.0', '+D1', pass)], base(stackOf('again@1.0')), '_')).toBe('INIT+D1_+D1_');
  });

  test('[row ST14] a key that not every device has', async () => {
    const special = device({
      name: 'special@1.0',
      doc: 'Has one more key.',
      keys: {
        append: {
          doc: 'Appends.',
          run: ({ base, requestMessage }) =>
            ok(base.with('result', `${base.get('result')}+D2${requestMessage.get('bin')}`)),
        },
        special: { doc: 'Sets output.', run: ({ base }) => ok(base.with('output', 1337)) },
      },
    });
    const { value, ao } = stackWorld([special]);
    const result = await value(base(stackOf('d1@1.0', 'special@1.0')), { path: 'append', bin: '_' });
    expect((result as Message).get('result')).toBe('INIT+D1_+D2_');
    expect(await ao.get(result, 'special/output')).toBe(1337);
  });

  test('[row ST15] Map: each device by itself', async () => {
    const { value, ao } = stackWorld([]);
    const result = await value(base(stackOf('d1@1.0', 'd2@1.0')), { path: 'append', mode: 'Map', bin: '/' });
    expect([await ao.get(result, '1/result'), await ao.get(result, '2/result')]).toEqual(['INIT+D1/', 'INIT+D2/']);
  });
});

describe('stack@1.0, further cases', () => {
  const devices = [appender('a@1.0', '+'), appender('m@1.0', '*')];
  const B = (more: { [key: string]: Input } = {}): Input => ({
    device: 'stack@1.0',
    'device-stack': { 1: 'a@1.0', 2: 'm@1.0' },
    result: 'I',
    ...more,
  });
  const request = { path: 'append', bin: 'x' };
  const ofNotation = async (on: Input, asked: Input, more: WorldOptions = {}): Promise<unknown> =>
    toNotation(await stackWorld(devices, more).value(on, asked));

  test('[row SX01x] nothing is left but previous-device', async () => {
    const result = {
      device: 'stack@1.0',
      'device-stack': { '1': 'a@1.0', '2': 'm@1.0' },
      result: 'I+x*x',
      'previous-device': { $atom: 'dev_message' },
    };
    expect(await ofNotation(B(), request)).toEqual(result);
    expect(await ofNotation(B(), request, { dialect: '2026' })).toEqual({
      ...result,
      'previous-device': 'message@1.0',
    });
  });

  test('[row SX02x] the stack as a list', async () => {
    const result = await stackWorld(devices).value(B({ 'device-stack': ['a@1.0', 'm@1.0'] }), request);
    expect((result as Message).get('result')).toBe('I+x*x');
  });

  test('[row SX03x] data, keys and set of the stack itself', async () => {
    const { value } = stackWorld(devices);
    expect(await value(B(), 'result')).toBe('I');
    expect(await value(B(), 'keys')).toEqual(['device', 'device-stack', 'result']);
    const set = (await value(B(), { path: 'set', result: 'J' })) as Message;
    expect([set.get('result'), set.get('device')]).toEqual(['J', 'stack@1.0']);
  });

  test('[row SX04x] Map gives each device’s own message', async () => {
    const result = (await stackWorld(devices).value(B(), { ...request, mode: 'Map' })) as Message;
    expect(result.keys()).toEqual(['1', '2']);
    expect(['1', '2'].map((key) => (result.get(key) as Message).get('result'))).toEqual(['I+x', 'I*x']);
    expect(['1', '2'].map((key) => (result.get(key) as Message).get('device-key'))).toEqual(['1', '2']);
  });

  test('[row SX05x] another mode is refused', async () => {
    expect(await stackWorld(devices).resolve(B(), { ...request, mode: 'map' })).toMatchObject({
      status: 'error',
      error: { code: 'bad-request' },
    });
  });

  test('[row SX06x] a key that no device has', async () => {
    expect(await ofNotation(B({ mode: 'Map' }), 'nope')).toEqual({});
    expect(await ofNotation(B(), 'nope')).toEqual({
      device: 'stack@1.0',
      'device-stack': { '1': 'a@1.0', '2': 'm@1.0' },
      result: 'I',
      'previous-device': { $atom: 'dev_message' },
    });
  });

  test('[row SX07x] stack-keys limits what the stack answers', async () => {
    const { value } = stackWorld(devices);
    const limited = B({ 'stack-keys': ['append'] });
    expect(await value(limited, 'result')).toBe('I');
    expect(((await value(limited, request)) as Message).get('result')).toBe('I+x*x');
  });

  test('[row SX08x] a stack without devices', async () => {
    expect(await stackWorld([]).resolve({ device: 'stack@1.0' }, request)).toMatchObject({
      status: 'error',
      error: { code: 'bad-request', message: expect.stringContaining('device-stack') },
    });
  });

  test('[row SX09x] a device that fails: the error says which', async () => {
    const broken = appender('a@1.0', '+', () => fail('bad-request', 'bad', { value: 'bad' }));
    expect(await stackWorld([broken, devices[1]!]).resolve(B(), request)).toMatchObject({
      status: 'error',
      error: { code: 'bad-request', message: 'Device 1 of the stack (a@1.0) failed: bad', value: 'bad' },
    });
  });

  test('[row SX10x] a literal is the result at once', async () => {
    const raw = appender('a@1.0', '+', () => ok('rawres'));
    expect(await stackWorld([raw, devices[1]!]).value(B(), request)).toBe('rawres');
  });

  test('[row SX11x] transform, and the message for device 2', async () => {
    const { value } = stackWorld(devices);
    expect(((await value(B(), 'transform')) as Message).get('device')).toBe('stack-transformer@1.0');
    expect(toNotation(await value(B(), 'transform/2'))).toEqual({
      device: 'm@1.0',
      'device-stack': { '1': 'a@1.0', '2': 'm@1.0' },
      result: 'I',
      'device-key': '2',
      'previous-device': { $atom: 'dev_message' },
    });
  });

  test('[row SX12x] prefixes afterwards are those of the previous step', async () => {
    const prefixes = { 'input-prefixes': { 1: 'in1' }, 'output-prefixes': { 1: 'o1' }, 'input-prefix': 'base-in' };
    const result = (await stackWorld(devices).value(B(prefixes), request)) as Message;
    expect(
      ['input-prefix', 'output-prefix', 'previous-input-prefix', 'previous-output-prefix'].map((key) =>
        result.get(key),
      ),
    ).toEqual(['in1', 'o1', 'in1', 'o1']);
  });

  test('passes end, even if a device wants ever more', async () => {
    const endless = device({
      name: 'endless@1.0',
      doc: 'Never done.',
      keys: { append: { doc: 'Again.', run: ({ base }) => pass(base) } },
    });
    expect(await stackWorld([endless]).resolve(base(stackOf('endless@1.0')), request)).toMatchObject({
      status: 'error',
      error: { code: 'out-of-budget' },
    });
  });

  test('`pass` is what it was before', async () => {
    const again = { 'device-stack': { 1: 'a@1.0', 2: 'multipass@1.0' }, passes: 2 };
    const result = (await stackWorld(devices).value(B({ ...again, pass: 7 }), request)) as Message;
    expect([result.get('result'), result.get('pass')]).toEqual(['I+x+x', 7]);
    expect(((await stackWorld(devices).value(B(again), request)) as Message).has('pass')).toBe(false);
  });
});
