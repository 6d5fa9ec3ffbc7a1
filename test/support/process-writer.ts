/**
 * The victim of the kill tests: a node's processes on a real store, posted to, computed and pushed as hard as it goes until it is killed.
 * Every line on its standard output was acknowledged before.
 *
 *     node process-writer.ts <lmdb|fs> <directory> <round>
 *     p <process> <receiver>        the processes of this store
 *     s <slot> <message id>         a message of the process has this slot
 *     c <slot> <state id>           the state after a slot was answered
 *     d <number>                    the process sent this number to the receiver
 */
import { writeSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { isMessage, type Message, message } from '../../src/core/message.ts';
import { collectPages } from '../../src/devices/process/collect-pages.ts';
import { openStore } from '../../src/node/open-store.ts';
import { openWorld, processesOf, startProcesses } from './kill.ts';

const [kind, directory = '', round = '0'] = process.argv.slice(2);
const store = await openStore(kind === 'fs' ? 'fs' : 'lmdb', directory);
const world = await openWorld(store);
const say = (line: string): void => void writeSync(1, `${line}\n`);
const pair = (await processesOf(store)) ?? (await startProcesses(world));
say(`p ${pair.process} ${pair.receiver}`);
const definition = (await world.cache.read(pair.process)) as Message;

async function post(writer: number): Promise<never> {
  for (let n = 0; ; n++) {
    const body = await world.sign({ type: 'Message', target: pair.process, n, writer, round });
    const outcome = await world.library.resolve(definition, message({ path: 'schedule', method: 'POST', body }));
    if (outcome.status !== 'ok' || !isMessage(outcome.value)) throw new Error('the post was refused');
    say(`s ${String(outcome.value.get('slot'))} ${world.library.id(body, 'signed')}`);
  }
}

async function compute(): Promise<never> {
  for (;;) {
    const outcome = await world.get(`/${pair.process}/now`);
    if (outcome.status !== 'ok' || !isMessage(outcome.value)) throw new Error('the slot was not computed');
    // A request comes by I/O; this loop has to let the other writers have their turn.
    await setImmediate();
    say(`c ${String(outcome.value.get('at-slot'))} ${world.library.id(outcome.value)}`);
  }
}

async function push(): Promise<never> {
  for (let n = 0; ; n++) {
    const number = Number(round) * 1_000_000 + n;
    const body = await world.sign({ type: 'Message', target: pair.process, send: number, to: pair.receiver });
    const outcome = await world.library.resolve(definition, message({ path: 'push', method: 'POST', body }));
    const sent = outcome.status === 'ok' && isMessage(outcome.value) ? outcome.value.get('1') : undefined;
    if (!isMessage(sent) || sent.get('slot') === undefined) throw new Error('the push failed');
    say(`d ${number}`);
  }
}

/** As a node does now and then, only without a pause. */
async function collect(): Promise<never> {
  const { signal } = new AbortController();
  for (let look = 0; ; look++) {
    await collectPages({
      store,
      signal,
      breathe: () => setImmediate(),
      stamp: Uint8Array.of(Number(round), look % 256),
    });
    await setImmediate();
  }
}

await Promise.all([post(0), post(1), post(2), compute(), push(), collect()]);
