/**
 * One session at the prompt of a process.
 *
 *     lines ─► (.command │ rest of a statement) ─► Eval ─► output, next prompt
 *     schedule ─► slots of others ─► shown above the prompt
 *
 * Lines are taken one after another, so pasted text and input from a file work as if typed. What others' messages print is held back while
 * an own Eval is under way: until its slot is known, it could be mistaken for somebody else's.
 */
import { createInterface, type Interface } from 'node:readline';
import type { NodeClient, WatchedSlot } from '../../client/node-client.ts';
import type { SlotResult } from '../../client/slot-result.ts';
import { AoException } from '../../core/errors.ts';
import { bundleLua, readProgram } from '../lua-bundle.ts';
import { withProgress } from '../progress.ts';
import { problem, safeText, wantsColour } from '../show.ts';
import { openChunks, type Unfinished } from './chunk.ts';
import { complete } from './completion.ts';
import { type History, maxHistory } from './history.ts';

export interface Terminal {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  readonly errors: NodeJS.WriteStream;
  /** Only for people. */
  readonly history: History | undefined;
}

const continuation = '... ';
const feedMs = 1_000;

export class Session {
  readonly #client: NodeClient;
  readonly #process: string;
  readonly #terminal: Terminal;
  readonly #own = new Set<number>();
  readonly #held: WatchedSlot[] = [];
  #prompt: string;
  #rest = '';
  #failed = false;
  #waiting: AbortController | undefined;
  #lines: Interface | undefined;

  constructor(client: NodeClient, process: string, terminal: Terminal) {
    this.#client = client;
    this.#process = process;
    this.#terminal = terminal;
    this.#prompt = `${process.slice(0, 6)}> `;
  }

  /** Until the end of the input; gives the exit code. */
  async run(): Promise<number> {
    const { input, output, history } = this.#terminal;
    const interactive = history !== undefined;
    const from = (await this.#connect()) + 1;
    const unfinished = await openChunks();
    const entered: string[] = [];
    const lines = createInterface({
      completer: (line: string) => complete(line, entered),
      input,
      output: interactive ? output : undefined,
      terminal: interactive,
      history: [...(history?.lines ?? [])].reverse(),
      historySize: maxHistory,
      removeHistoryDuplicates: true,
    });
    this.#lines = interactive ? lines : undefined;
    const leaving = new AbortController();
    const feed = interactive ? this.#follow(from, leaving.signal) : undefined;
    lines.on('SIGINT', () => this.#interrupted());
    try {
      this.#ask();
      for await (const line of lines) {
        history?.add(line);
        if (interactive) entered.push(line);
        if ((await this.#take(line, unfinished)) === 'leave') break;
        this.#ask();
      }
    } finally {
      leaving.abort();
      this.#lines = undefined;
      lines.close();
      await feed;
    }
    if (interactive) output.write('\n');
    return !interactive && this.#failed ? 1 : 0;
  }

  /** One evaluation; gives the exit code. */
  async once(code: string): Promise<number> {
    await this.#evaluate(code);
    return this.#failed ? 1 : 0;
  }

  /** Finds out where the process is and what its prompt looks like. */
  async #connect(): Promise<number> {
    const slot = await this.#client.currentSlot(this.#process);
    const result = await withProgress(this.#client, this.#process, this.#client.result(this.#process, slot)).catch(
      () => undefined,
    );
    if (result?.prompt !== undefined) this.#prompt = result.prompt;
    return slot;
  }

  async #take(line: string, unfinished: Unfinished): Promise<'leave' | 'stay'> {
    if (this.#rest === '' && /^\s*\.[a-z]/i.test(line)) return this.#command(line.trim());
    const code = this.#rest === '' ? line : `${this.#rest}\n${line}`;
    if (code.trim() === '') return 'stay';
    if (await unfinished(code)) {
      this.#rest = code;
      return 'stay';
    }
    this.#rest = '';
    await this.#evaluate(code);
    return 'stay';
  }

  async #command(line: string): Promise<'leave' | 'stay'> {
    const [name, argument] = line.split(/\s+(.*)/s);
    if (name === '.exit') return 'leave';
    if (name === '.help') {
      this.#print(
        '.load FILE  sends a file\n.exit       leaves, as Ctrl+D does\nCtrl+C      drops the line, or stops waiting',
      );
    } else if (name === '.load' && argument !== undefined && argument !== '') {
      try {
        await this.#evaluate(bundleLua(readProgram(argument)));
      } catch (thrown) {
        this.#complain(sentenceOf(thrown));
      }
    } else if (name === '.load') this.#complain('`.load` needs a file.');
    else this.#complain(`There is no \`${name}\`. \`.help\` lists what there is.`);
    return 'stay';
  }

  async #evaluate(code: string): Promise<void> {
    const waiting = new AbortController();
    this.#waiting = waiting;
    try {
      const sent = this.#client.send(this.#process, { action: 'Eval', data: code, signal: waiting.signal });
      this.#show(await withProgress(this.#client, this.#process, sent));
    } catch (thrown) {
      this.#complain(
        waiting.signal.aborted ? 'Not waiting any longer; the message may still be computed.' : sentenceOf(thrown),
      );
    } finally {
      this.#waiting = undefined;
      for (const slot of this.#held.splice(0)) this.#feed(slot);
    }
  }

  #show(result: SlotResult): void {
    this.#own.add(result.slot);
    if (result.prompt !== undefined && result.prompt !== '') this.#prompt = result.prompt;
    if (result.error !== undefined) this.#complain(result.error);
    else if (result.output !== '') this.#print(result.output);
    if (result.live && result.error === undefined) {
      const who = this.#client.wallet?.address ?? 'nobody';
      this.#complain(`The process did not evaluate this: it does so for its owner only, and you are ${who}.`);
    }
  }

  #ask(): void {
    const lines = this.#lines;
    if (lines === undefined) return;
    const text = this.#rest === '' ? safeText(this.#prompt, wantsColour(this.#terminal.output)) : continuation;
    lines.setPrompt(text);
    lines.prompt(true);
  }

  #interrupted(): void {
    if (this.#waiting !== undefined) {
      this.#waiting.abort();
      return;
    }
    const { output } = this.#terminal;
    if (this.#rest === '' && this.#lines?.line === '') output.write('\n(.exit or Ctrl+D leaves)\n');
    else output.write('^C\n');
    this.#rest = '';
    // Drops what stands on the line: to its start, then everything behind it.
    this.#lines?.write(null, { ctrl: true, name: 'e' });
    this.#lines?.write(null, { ctrl: true, name: 'u' });
    this.#ask();
  }

  /** What others' messages print, as long as the session lasts; a node that is away for a while is asked again. */
  async #follow(from: number, signal: AbortSignal): Promise<void> {
    let next = from;
    while (!signal.aborted) {
      try {
        for await (const slot of this.#client.watch(this.#process, { from: next, pollMs: feedMs, signal })) {
          next = slot.message.slot + 1;
          if (this.#waiting === undefined) this.#feed(slot);
          else this.#held.push(slot);
        }
      } catch {
        await new Promise((resolve) => setTimeout(resolve, feedMs));
      }
    }
  }

  #feed({ message, result }: WatchedSlot): void {
    if (this.#own.delete(message.slot)) return;
    if (result.prompt !== undefined && result.prompt !== '') this.#prompt = result.prompt;
    const text = result.error ?? result.output;
    if (text === '' || this.#lines === undefined) return;
    const { output } = this.#terminal;
    output.write('\r\x1b[K');
    if (result.error === undefined) this.#print(result.output);
    else this.#complain(result.error);
    if (this.#waiting === undefined) this.#ask();
  }

  #print(text: string): void {
    const { output } = this.#terminal;
    output.write(`${safeText(text, wantsColour(output))}\n`);
  }

  #complain(text: string): void {
    this.#failed = true;
    const { output, errors, history } = this.#terminal;
    const stream = history === undefined ? errors : output;
    stream.write(`${problem(safeText(text, false), stream)}\n`);
  }
}

function sentenceOf(thrown: unknown): string {
  if (thrown instanceof AoException) {
    const { message, hint } = thrown.error;
    return hint === undefined ? message : `${message}\n${hint}`;
  }
  return thrown instanceof Error ? thrown.message : String(thrown);
}
