/**
 * A small client of AO-Core nodes: reads values by HyperPATH, spawns processes, sends them messages and follows their schedule (spec 06 §0).
 *
 *     using client = new NodeClient({ url: 'http://localhost:8734', wallet });
 *     const process = await client.spawn({ module, tags: { 'execution-device': 'lua@5.3a' } });
 *     const { output } = await client.send(process, { action: 'Eval', data: '1 + 1' });
 *
 * What is posted is signed by the codecs of this package, as a data item or as HTTP message signatures; what comes back is decoded by
 * them, so values keep their types. Errors are {@link AoException}s with the node's own sentence and hint.
 */
import { toText } from '../core/bytes.ts';
import { AoException, raise } from '../core/errors.ts';
import { integer, textIn } from '../core/fields.ts';
import { type Input, isMessage, Message, message } from '../core/message.ts';
import type { Value } from '../core/value.ts';
import type { Wallet } from '../core/wallet.ts';
import { HttpClient, type PlainReply } from '../net/client.ts';
import { decodeReply, escapeTarget } from '../net/message-request.ts';
import { createLibrary, type Library } from '../node/library.ts';
import { hasParts, isConnectionLost, replyError } from './reply-error.ts';
import { type Scheduled, scheduledFrom } from './schedule.ts';
import { type Content, type SignedRequest, type Signing, signRequest, signWhole } from './signed-request.ts';
import { type SlotResult, slotResult } from './slot-result.ts';

export interface NodeClientOptions {
  /** `http://localhost:8734` */
  readonly url: string;
  /** Signs what is posted. Without one a client only reads. */
  readonly wallet?: Wallet;
  /** How it signs; data items by default, which every key can. */
  readonly signing?: Signing;
  /** Time for one request and its answer. */
  readonly timeoutMs?: number;
}

/** Tags by name; their names are sent as they are spelt. */
export interface Tags {
  readonly [name: string]: string;
}

export interface SpawnOptions {
  /** Id of the module; {@link NodeClient.upload} makes one. */
  readonly module?: string;
  readonly tags?: Tags;
  readonly data?: string | Uint8Array;
  /** The node's own address unless given. */
  readonly scheduler?: string;
  readonly authority?: string;
}

export interface SendOptions {
  readonly action?: string;
  readonly data?: string | Uint8Array;
  readonly tags?: Tags;
  readonly signal?: AbortSignal;
}

export interface ProcessStatus {
  /** `idle`, `computing`, `waiting` or `failed`. */
  readonly state: string;
  /** The slot it is at; -1 before the first. */
  readonly slot: number;
  /** While computing: the slot it is on its way to. */
  readonly target?: number;
  /** While waiting: for what. */
  readonly waitingFor?: string;
  readonly error?: string;
}

export interface WatchOptions {
  /** The first slot; the next new one unless given. */
  readonly from?: number;
  /** Pause between two looks at the schedule. */
  readonly pollMs?: number;
  readonly signal?: AbortSignal;
}

/** A slot of a schedule with what came of it. */
export interface WatchedSlot {
  readonly message: Scheduled;
  readonly result: SlotResult;
}

const idPattern = /^[A-Za-z0-9_-]{43}$/;

export class NodeClient implements Disposable {
  readonly url: string;
  readonly wallet: Wallet | undefined;
  readonly #signing: Signing;
  readonly #timeoutMs: number | undefined;
  readonly #library: Library;
  readonly #http: HttpClient;
  #address: string | undefined;

  constructor(options: NodeClientOptions) {
    this.url = options.url.replace(/\/+$/, '');
    if (!URL.canParse(this.url)) {
      raise('bad-request', `\`${options.url}\` is not the address of a node.`, 'Write `http://localhost:8734`.');
    }
    this.wallet = options.wallet;
    this.#signing = options.signing ?? 'ans104@1.0';
    this.#timeoutMs = options.timeoutMs;
    this.#library = createLibrary(options.wallet === undefined ? {} : { wallet: options.wallet });
    this.#http = new HttpClient({ allowPrivate: true }, { environment: () => this.#library.env });
  }

  /** The node's address: who schedules here. Asked once. */
  async address(): Promise<string> {
    if (this.#address !== undefined) return this.#address;
    const value = await this.read('/~meta@1.0/info/address');
    if (typeof value !== 'string') raise('peer-failed', `${this.url} does not tell its address.`);
    this.#address = value;
    return value;
  }

  /** The value at a HyperPATH. Nested messages come along. Throws `not-found` and whatever else the node answers. */
  async read(path: string, signal?: AbortSignal): Promise<Value> {
    return (await this.#get(path, signal)).value;
  }

  /** What is at a path as the node sends it, for a chosen format such as `application/json`. */
  async readAs(path: string, contentType: string): Promise<PlainReply> {
    const headers = { accept: contentType, 'accept-bundle': 'true' };
    const reply = await this.#fetch('GET', path, headers, undefined);
    if (reply.status >= 300) await this.#decoded(path, reply);
    return reply;
  }

  /** Puts a message on the node; gives its id. The node keeps it because it is signed. */
  async upload(content: Content): Promise<string> {
    const signed = await this.#signed('/~message@1.0/id', content, 'ans104@1.0');
    await this.#post('/~message@1.0/id', signed);
    if (!(await this.#isKept(signed.id))) {
      raise('unavailable', `${this.url} did not keep the message.`, 'Its `store-all-signed` has to be on.');
    }
    return signed.id;
  }

  /**
   * Asks for a path by POST, with all of the request signed: what operators do.
   *
   *     await client.request('/~meta@1.0/info', { 'requests-per-second': 50 });
   */
  async request(path: string, keys: { readonly [name: string]: Input } = {}, signal?: AbortSignal): Promise<Value> {
    const whole = message({ ...keys, path, method: 'POST' });
    return (await this.#post(path, await signWhole(whole, this.#key(), this.#library), signal)).value;
  }

  /** Starts a process; gives its id. */
  async spawn(options: SpawnOptions = {}): Promise<string> {
    const scheduler = options.scheduler ?? (await this.address());
    const tags = lowerFirst(
      {
        Type: 'Process',
        'Data-Protocol': 'ao',
        Variant: 'ao.N.1',
        device: 'process@1.0',
        'scheduler-device': 'scheduler@1.0',
        'push-device': 'push@1.0',
        ...(options.module === undefined ? {} : { Module: options.module }),
        Scheduler: scheduler,
        Authority: options.authority ?? scheduler,
      },
      options.tags,
    );
    const signed = await this.#signed('/push', { tags, ...(options.data === undefined ? {} : { data: options.data }) });
    const { value, whole } = await this.#post('/push', signed);
    const process = textIn(whole, 'process') ?? (isMessage(value) ? textIn(value, 'process') : undefined);
    return process ?? raise('peer-failed', `${this.url} answered without the id of the process.`);
  }

  /** Sends a message to a process, waits until it was computed and what it sent was delivered; gives the result. */
  async send(process: string, options: SendOptions = {}): Promise<SlotResult> {
    const path = `/${checkedId(process)}~process@1.0/push`;
    const tags = lowerFirst(
      {
        'Data-Protocol': 'ao',
        Type: 'Message',
        Variant: 'ao.N.1',
        ...(options.action === undefined ? {} : { Action: options.action }),
      },
      options.tags,
    );
    const signed = await this.#signed(path, {
      target: process,
      tags,
      ...(options.data === undefined ? {} : { data: options.data }),
    });
    const { value } = await this.#of(process, this.#post(path, signed, options.signal));
    if (!isMessage(value)) raise('peer-failed', `${this.url} answered without a result.`);
    const slot = integer.read(value.get('slot') ?? '');
    return slotResult(slot ?? raise('peer-failed', `${this.url} answered without a slot.`), value);
  }

  /** What came of a slot; computes it if need be. */
  async result(process: string, slot: number, signal?: AbortSignal): Promise<SlotResult> {
    const path = `/${checkedId(process)}~process@1.0/compute=${slot}/results`;
    const value = await this.#of(process, this.read(path, signal));
    return slotResult(slot, isMessage(value) ? value : Message.empty.with('output', value));
  }

  /** The newest slot of a schedule. */
  async currentSlot(process: string, signal?: AbortSignal): Promise<number> {
    const value = await this.#of(process, this.read(`/${checkedId(process)}~process@1.0/slot/current`, signal));
    return integer.read(value) ?? raise('peer-failed', `${this.url} did not answer with a slot.`);
  }

  /** What the node is doing for a process. */
  async status(process: string, signal?: AbortSignal): Promise<ProcessStatus> {
    const value = await this.read(`/${checkedId(process)}~process@1.0/process-status`, signal);
    if (!isMessage(value)) raise('peer-failed', `${this.url} tells no status.`);
    const target = integer.read(value.get('target') ?? '');
    const waitingFor = textIn(value, 'waiting-for') ?? textIn(value, 'for');
    const error = textIn(value, 'error');
    return {
      state: textIn(value, 'state') ?? 'idle',
      slot: integer.read(value.get('slot') ?? '') ?? -1,
      ...(target === undefined ? {} : { target }),
      ...(waitingFor === undefined ? {} : { waitingFor }),
      ...(error === undefined ? {} : { error }),
    };
  }

  /** Messages of a schedule, both ends included. The node may give fewer than asked for. */
  async schedule(process: string, from: number, to: number, signal?: AbortSignal): Promise<readonly Scheduled[]> {
    const path = `/${checkedId(process)}~process@1.0/schedule?from=${from}&to=${to}&accept=application/aos-2`;
    const reply = await this.#fetch('GET', path, {}, undefined, signal);
    if (reply.status >= 300) await this.#decoded(path, reply);
    return scheduledFrom(toText(reply.body) ?? '');
  }

  /** New slots as they come, with their results, until the signal is aborted. */
  async *watch(process: string, options: WatchOptions = {}): AsyncGenerator<WatchedSlot> {
    const { signal, pollMs = 500 } = options;
    let next = options.from ?? (await this.currentSlot(process, signal)) + 1;
    while (signal?.aborted !== true) {
      const current = await this.currentSlot(process, signal);
      while (next <= current) {
        const messages = await this.schedule(process, next, current, signal);
        if (messages.length === 0) raise('peer-failed', `${this.url} left out slot ${next} of the schedule.`);
        for (const message of messages) {
          yield { message, result: await this.#resultOrError(process, message.slot, signal) };
          next = message.slot + 1;
        }
      }
      await pause(pollMs, signal);
    }
  }

  [Symbol.dispose](): void {
    this.#http.close();
  }

  /** A slot that failed is news like any other. */
  async #resultOrError(process: string, slot: number, signal: AbortSignal | undefined): Promise<SlotResult> {
    try {
      return await this.result(process, slot, signal);
    } catch (thrown) {
      if (signal?.aborted === true || isConnectionLost(thrown) || !(thrown instanceof AoException)) throw thrown;
      return { slot, output: '', live: false, error: thrown.error.message, results: Message.empty };
    }
  }

  /** What a node says of a process it has never heard of, in words about processes. */
  async #of<T>(process: string, answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (thrown) {
      if (!(thrown instanceof AoException) || thrown.error.code !== 'necessary-message-not-found') throw thrown;
      if (!thrown.error.message.includes(`message ${process} is needed`)) throw thrown;
      const hint = 'Check the id; the process may live on another node (`--node URL`, HB_NODE).';
      return raise('not-found', `${this.url} knows no process ${process}.`, { hint, status: 404, cause: thrown });
    }
  }

  async #get(path: string, signal?: AbortSignal): Promise<Decoded> {
    return this.#decoded(path, await this.#fetch('GET', path, { 'accept-bundle': 'true' }, undefined, signal));
  }

  async #post(path: string, signed: SignedRequest, signal?: AbortSignal): Promise<Decoded> {
    const headers = { ...signed.headers, 'accept-bundle': 'true' };
    return this.#decoded(path, await this.#fetch('POST', path, headers, signed.body, signal));
  }

  async #fetch(
    method: 'GET' | 'HEAD' | 'POST',
    path: string,
    headers: { readonly [name: string]: string },
    body: Uint8Array | undefined,
    signal?: AbortSignal,
  ): Promise<PlainReply> {
    try {
      return await this.#http.fetch({
        method,
        url: `${this.url}${escapeTarget(path)}`,
        headers,
        ...(body === undefined ? {} : { body }),
        ...(signal === undefined ? {} : { signal }),
        ...(this.#timeoutMs === undefined ? {} : { timeoutMs: this.#timeoutMs }),
      });
    } catch (thrown) {
      if (!(thrown instanceof AoException)) throw thrown;
      if (thrown.error.code === 'timeout') {
        const hint = 'What was sent may still be computed. `--timeout SECONDS` allows more.';
        return raise('timeout', thrown.error.message, { hint, cause: thrown });
      }
      if (thrown.error.code !== 'peer-failed') throw thrown;
      const hint = 'Is a node running at this address? Commands take another by `--node URL` or HB_NODE.';
      return raise('peer-failed', thrown.error.message, { hint, cause: thrown });
    }
  }

  async #decoded(path: string, reply: PlainReply): Promise<Decoded> {
    if (reply.status >= 300) {
      const content = hasParts(reply) ? await this.#message(reply).catch(() => undefined) : undefined;
      throw new AoException(replyError(this.url, path, reply, content?.whole));
    }
    return this.#message(reply);
  }

  async #message(reply: PlainReply): Promise<Decoded> {
    const { message, result } = await decodeReply(
      { status: reply.status, rawHeaders: [...reply.headers].flat(), body: reply.body, url: new URL(this.url) },
      this.#library.env,
    );
    return { value: result ?? message, whole: message };
  }

  #signed(path: string, content: Content, signing = this.#signing): Promise<SignedRequest> {
    return signRequest(path, content, signing, this.#key(), this.#library);
  }

  #key(): Wallet {
    if (this.wallet !== undefined) return this.wallet;
    return raise('no-wallet', 'A message has to be signed and there is no key.', 'Give the client a wallet.');
  }

  /** The node answers before the message is on disk. */
  async #isKept(id: string): Promise<boolean> {
    for (let attempt = 0; attempt < 20; attempt++) {
      const reply = await this.#fetch('HEAD', `/${id}`, {}, undefined);
      if (reply.status < 300) return true;
      await pause(25 * (attempt + 1));
    }
    return false;
  }
}

interface Decoded {
  /** What the answer points at, or the whole. */
  readonly value: Value;
  readonly whole: Message;
}

/** Given tags replace ours of the same name, whatever the case. */
function lowerFirst(ours: Tags, given: Tags = {}): Tags {
  const names = new Set(Object.keys(given).map((name) => name.toLowerCase()));
  return { ...Object.fromEntries(Object.entries(ours).filter(([name]) => !names.has(name.toLowerCase()))), ...given };
}

function checkedId(process: string): string {
  if (idPattern.test(process)) return process;
  return raise('bad-request', `\`${process}\` is not the id of a process.`, 'An id has 43 characters.');
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    }
  });
}
