/** `hyperbeam watch`: the slots of a process as they come. */
import type { NodeClient, WatchedSlot } from '../client/node-client.ts';
import { isConnectionLost } from '../client/reply-error.ts';
import { nodeHelp, readArguments } from './arguments.ts';
import { type Command, UsageError } from './command.ts';
import { readerOf } from './connection.ts';
import { pause, withProgress } from './progress.ts';
import { asJson, problem, safeText, shownResult, wantsColour } from './show.ts';

export const watch: Command = {
  help: () => `hyperbeam watch PID [options]

Prints every new slot: its number, action, sender, and what it shows. Ctrl+C ends it. A node that
goes away is waited for.

  --from SLOT      Start with this slot instead of the next new one.
  --count N        End after this many slots.
  --json           One JSON object a line.
${nodeHelp}`,
  async run(args) {
    const given = readArguments(
      'watch',
      args,
      { from: { type: 'string' }, count: { type: 'string' }, json: { type: 'boolean' } },
      { min: 1, max: 1, what: 'the id of a process' },
    );
    const from = wholeNumber(given.text('from'), '--from');
    const count = wholeNumber(given.text('count'), '--count') ?? Number.POSITIVE_INFINITY;
    using client = readerOf('watch', given);
    const stop = new AbortController();
    const interrupted = (): void => stop.abort();
    globalThis.process.once('SIGINT', interrupted);
    try {
      await follow(client, given.positionals[0]!, { from, count, json: given.flag('json') }, stop.signal);
    } catch (error) {
      if (!stop.signal.aborted) throw error;
    } finally {
      globalThis.process.removeListener('SIGINT', interrupted);
    }
    return 0;
  },
};

interface Following {
  readonly from: number | undefined;
  readonly count: number;
  readonly json: boolean;
}

async function follow(
  client: NodeClient,
  process: string,
  { from, count, json }: Following,
  signal: AbortSignal,
): Promise<void> {
  const { stdout, stderr } = globalThis.process;
  // What is wrong from the start is an error; later the node may be started again, and the watch goes on.
  const current = await client.currentSlot(process, signal);
  let next = from ?? current + 1;
  let slots = client.watch(process, { signal, from: next });
  let isAway = false;
  for (let seen = 0; seen < count; ) {
    try {
      const { value, done } = await withProgress(client, process, slots.next());
      if (done === true) return;
      stdout.write(json ? `${JSON.stringify(record(value))}\n` : `${lines(value)}\n`);
      isAway = false;
      next = value.message.slot + 1;
      seen++;
    } catch (thrown) {
      if (signal.aborted || !isConnectionLost(thrown)) throw thrown;
      if (!isAway) stderr.write(`${thrown.error.message} Waiting for it.\n`);
      isAway = true;
      await pause(retryMs, signal);
      slots = client.watch(process, { signal, from: next });
    }
  }
}

const retryMs = 1_000;

function lines({ message, result }: WatchedSlot): string {
  const colour = wantsColour(globalThis.process.stdout);
  const what = message.action ?? message.tags.find(({ name }) => name.toLowerCase() === 'type')?.value ?? '-';
  const head = safeText(`${message.slot}  ${what}  from ${message.from}`, false);
  const shown = result.error ?? shownResult(result);
  const text = safeText(shown, colour);
  const body = text.split('\n').map((line) => `    ${line}`);
  if (shown === '') return head;
  return [
    head,
    ...(result.error === undefined ? body : body.map((line) => problem(line, globalThis.process.stdout))),
  ].join('\n');
}

function record({ message, result }: WatchedSlot): object {
  const { slot, id, from, action } = message;
  return { slot, id, from, action, output: result.output, error: result.error, results: asJson(result.results) };
}

function wholeNumber(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw new UsageError('watch', `\`${name}\` is a whole number.`);
  return Number(text);
}
