/**
 * `test-device@1.0` (spec 01 §7.10): answers that tests and clients can rely on, and no purpose beyond that.
 */
import { type Call, device } from '../core/device.ts';
import { anything, integer, listOf, optional, text } from '../core/fields.ts';
import { Message, message } from '../core/message.ts';
import { fail, type Outcome, ok } from '../core/outcome.ts';
import { setPrivate } from '../core/private.ts';
import { asMessage, firstPlain, plain, setPlain } from './plain.ts';

const maxDelayMs = 60_000;

const deviceName = 'test-device@1.0';

export const testDevice = device({
  name: deviceName,
  doc: 'Fixed answers for tests.',
  uses: ['clock'],
  keys: {
    info: {
      doc: 'What this device is.',
      run: () =>
        ok(
          message({
            status: 200,
            body: {
              description: 'Test device for testing the AO-Core framework',
              version: '1.0',
              paths: Object.fromEntries(paths.map(([path, doc]) => [path, doc])),
            },
          }),
        ),
    },
    'test-func': { doc: 'The text `GOOD_FUNCTION`.', run: () => ok('GOOD_FUNCTION') },
    index: {
      doc: 'A page that likes the base’s `name`.',
      async run({ base, ao }) {
        const name = text.read((await plain(ao, base, 'name')) ?? 'turtles') ?? 'turtles';
        return ok(message({ 'content-type': 'text/html', body: `i like ${name}!` }));
      },
    },
    load: {
      doc: 'The base with this device.',
      run: async ({ base, ao }) => ok(await setPlain(ao, base, [['device', deviceName]])),
    },
    init: {
      doc: 'The base before any slot was seen.',
      run: async ({ base, ao }) => ok(await setPlain(ao, base, [['already-seen', []]])),
    },
    compute: {
      doc: 'Notes the request’s `slot` in the state.',
      request: { slot: anything },
      async run({ base, request, ao }) {
        const seen = await plain(ao, base, 'already-seen');
        const results = asMessage(await plain(ao, base, 'results')) ?? Message.empty;
        return ok(
          await setPlain(ao, base, [
            ['random-key', 'random-value'],
            ['results', results.with('assignment-slot', request.slot)],
            ['already-seen', [request.slot, ...(seen === undefined ? [] : (listOf(anything).read(seen) ?? []))]],
          ]),
        );
      },
    },
    restore: {
      doc: 'Keeps what was seen privately, as a VM would.',
      async run({ base, ao }) {
        const seen = await plain(ao, base, 'already-seen');
        if (seen === undefined) return failWith('No viable state to restore.');
        return ok(setPrivate(base, 'test-key/started-state', seen));
      },
    },
    snapshot: { doc: 'Nothing to keep.', run: () => ok(Message.empty) },
    mul: {
      doc: 'The product of the two `args`, beside the base’s `state`.',
      request: { args: listOf(integer) },
      async run({ base, request, ao }) {
        const [a = 0, b = 0] = request.args;
        const state = await plain(ao, base, 'state');
        return ok(message({ state, results: [a * b] }));
      },
    },
    postprocess: {
      doc: 'The request’s `body`, as a hook on responses returns it.',
      request: { body: anything },
      run: ({ request }) => ok(request.body),
    },
    'update-state': {
      doc: 'Fails: there are no workers to update.',
      request: { 'test-id': optional(text) },
      run: ({ request }) => noWorker(request['test-id'], 'No test worker found.'),
    },
    'increment-counter': {
      doc: 'Fails: there are no workers that count.',
      request: { 'test-id': optional(text) },
      run: ({ request }) => noWorker(request['test-id'], 'No test worker found for increment.'),
    },
    delay: { doc: 'Waits `duration` ms, then gives `return`, the `body`, or `{result: slept}`.', run: delay },
  },
});

async function delay({
  base,
  requestMessage: request,
  ao,
  clock,
  signal,
}: Call<unknown, unknown, 'clock'>): Promise<Outcome> {
  const wanted = await firstPlain(ao, [
    [base, 'duration'],
    [request, 'duration'],
  ]);
  const ms = integer.read(wanted ?? 750);
  if (ms === undefined || ms < 0 || ms > maxDelayMs) {
    return fail('bad-request', `\`duration\` has to be milliseconds, at most ${maxDelayMs}.`);
  }
  await clock.sleep(ms, signal);
  const given = await firstPlain(ao, [
    [base, 'return'],
    [request, 'body'],
  ]);
  return ok(given ?? message({ result: 'slept' }));
}

function noWorker(id: string | undefined, sentence: string): Outcome {
  return failWith(id === undefined ? 'No test ID found in message.' : sentence);
}

/** An error whose value is the sentence itself, as callers of this device expect. */
function failWith(sentence: string): Outcome {
  return fail('bad-request', sentence, { value: sentence });
}

const paths: readonly (readonly [string, string])[] = [
  ['info', 'Get device info'],
  ['test_func', 'Test function'],
  ['compute', 'Compute function'],
  ['init', 'Initialize function'],
  ['restore', 'Restore function'],
  ['mul', 'Multiply function'],
  ['snapshot', 'Snapshot function'],
  ['delay', 'Delay function'],
];
