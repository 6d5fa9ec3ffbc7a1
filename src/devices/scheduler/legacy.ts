/**
 * Schedulers of the legacy network (`ao.TN.1`, spec 04 §2.8, §5.1): scheduler units, which take data items and answer JSON.
 *
 *     POST /?proc-id=P  item                              → {id}, then GET /<id>?process-id=P
 *     GET  /P/latest                                      → the newest edge
 *     GET  /P?from-nonce=<before>&to-nonce=<last>&limit=  → {page_info, edges: [{node: {message, assignment}}]}
 *
 * An edge is two data items told as JSON. Put together again they have to have the ids they claim, and signatures that hold: then an edge
 * says as much as an assignment of a node like this one. What cannot be put together (units leave out data, and bytes that are no text) is
 * taken at the unit's word only if the operator trusts that scheduler (`trusted-legacy-schedulers`), and then nobody has signed it.
 */
import { type Item, itemName } from '../../codecs/ans104/item.ts';
import { isId } from '../../core/bytes.ts';
import { commitmentsOf, commitmentText, committerOf, keepCommitments } from '../../core/commitments.ts';
import { AoException, errorFrom, raise } from '../../core/errors.ts';
import { textIn } from '../../core/fields.ts';
import { isMessage, type Message, message } from '../../core/message.ts';
import { fail, failed, type Outcome, ok } from '../../core/outcome.ts';
import { arweaveAddress } from '../../crypto/addresses.ts';
import type { SchedulerCall } from '../scheduler.ts';
import { unknownBlock } from './assignment.ts';
import { slotOf } from './formats.ts';
import { field, likely, nonceOf, tagOf, toldItem, verified } from './legacy-items.ts';
import type { RemoteScheduler } from './remote.ts';

/** Edges in one answer of a unit. */
const maxEdges = 1_000;
/** Redirects of routers that are followed one after another. */
const maxRedirects = 5;

const trustHint = 'An operator who trusts this scheduler lists it in `trusted-legacy-schedulers`.';

/** `address`: the scheduler whose unit it is. */
export function legacyScheduler(call: SchedulerCall, address: string, node: string): RemoteScheduler {
  const unit = new Unit(call, address, node);
  return {
    post: (process, subject, once) => answered(unit.post(process, subject, once)),
    slot: (process) => answered(unit.slot(process)),
    range: (process, from, to) => unit.range(process, from, to),
  };
}

async function answered(outcome: Promise<Outcome>): Promise<Outcome> {
  try {
    return await outcome;
  } catch (thrown) {
    return failed(errorFrom(thrown));
  }
}

class Unit {
  readonly #call: SchedulerCall;
  readonly #address: string;
  readonly #node: string;

  constructor(call: SchedulerCall, address: string, node: string) {
    this.#call = call;
    this.#address = address;
    this.#node = node;
  }

  async post(process: string, subject: Message, once: boolean): Promise<Outcome> {
    const signed = keepCommitments(
      subject,
      (_, one) => commitmentText(one, 'commitment-device') === 'ans104@1.0' && committerOf(one) !== undefined,
    );
    if (commitmentsOf(signed).length === 0) {
      return unprocessable('Process resides on legacy scheduler. Message must be signed with ANS-104.');
    }
    let item: unknown;
    try {
      item = await this.#call.ao.convert(signed, 'ans104@1.0');
    } catch (thrown) {
      if (!(thrown instanceof AoException)) throw thrown;
    }
    if (!(item instanceof Uint8Array)) return unprocessable('Incorrect encoding. Scheduler has variant: ao.TN.1');
    const known = once ? await this.#known(process, this.#call.ao.id(signed, 'signed')) : undefined;
    if (known !== undefined) return ok(known);
    const receipt = await this.#ask('POST', `/?proc-id=${process}`, item);
    const id = field(receipt, 'id');
    if (typeof id !== 'string' || !isId(id)) return this.#refuse('took a message and gave it no id');
    return ok(await this.#assignment(process, await this.#ask('GET', `/${id}?process-id=${process}`)));
  }

  /** The assignment of a message that may have got here before. */
  async #known(process: string, id: string): Promise<Message | undefined> {
    try {
      return await this.#assignment(process, await this.#ask('GET', `/${id}?process-id=${process}`));
    } catch (thrown) {
      if (errorFrom(thrown).status === 404) return undefined;
      throw thrown;
    }
  }

  async slot(process: string): Promise<Outcome> {
    const path = `/${process}/latest?proc-id=${process}&process-id=${process}`;
    const newest = await this.#assignment(process, await this.#ask('GET', path));
    return ok(
      message({
        process,
        current: slotOf(newest),
        timestamp: newest.get('timestamp'),
        'block-height': newest.get('block-height'),
        'block-hash': newest.get('block-hash'),
        'cache-control': 'no-store',
      }),
    );
  }

  async range(process: string, from: number, to: number): ReturnType<RemoteScheduler['range']> {
    const bounds = `from-nonce=${from - 1}&to-nonce=${to}&limit=${maxEdges}`;
    const page = await this.#ask('GET', `/${process}?proc-id=${process}&process-id=${process}&${bounds}`);
    const edges = field(page, 'edges');
    if (!Array.isArray(edges)) return this.#refuse(`gave no edges of ${process}`);
    const assignments: Message[] = [];
    for (const edge of edges.slice(0, maxEdges)) {
      const nonce = nonceOf(field(edge, 'node'));
      if (nonce === undefined) return this.#refuse(`gave something of ${process} that is no assignment`);
      if (nonce < from || nonce > to) continue;
      const expected = from + assignments.length;
      if (nonce !== expected) return this.#refuse(`gave nonce ${nonce} of ${process} where ${expected} was due`);
      assignments.push(await this.#assignment(process, field(edge, 'node')));
    }
    return { assignments, continues: field(field(page, 'page_info'), 'has_next_page') === true };
  }

  /** An edge, or the only edge of a page, as an assignment of this process. */
  async #assignment(process: string, told: unknown): Promise<Message> {
    const edges = field(told, 'edges');
    const node = Array.isArray(edges) ? field(edges[0], 'node') : (field(told, 'node') ?? told);
    const nonce = nonceOf(node);
    if (nonce === undefined) return this.#refuse(`gave something of ${process} that is no assignment`);
    const place = `slot ${nonce} of ${process}`;
    const assigned = toldItem(field(node, 'assignment'));
    if (tagOf(assigned, 'Process') !== process)
      return this.#refuse(`gave an assignment of another process as ${place}`);
    const genuine = await verified(assigned);
    const isScheduler = genuine !== undefined && arweaveAddress(genuine.owner) === this.#address;
    if (!isScheduler && !this.#trusted()) {
      return this.#refuse(`gave an assignment for ${place} that cannot be verified`, trustHint);
    }
    const named = tagOf(assigned, 'Message') ?? process;
    const body = await this.#message(named, field(node, 'message'), place);
    const item = isScheduler ? genuine : likely(assigned);
    if (item === undefined) return this.#refuse(`gave a malformed assignment for ${place}`);
    const read = await this.#read(item);
    return (isScheduler ? read : read.without('commitments')).withAll([
      ['slot', nonce],
      ['timestamp', wholeNumber(read.get('timestamp'))],
      ['epoch', wholeNumber(read.get('epoch'))],
      ['block-hash', read.get('block-hash') ?? unknownBlock.hash],
      ['body', body],
    ]);
  }

  /** The message that was assigned: as it is told, or by its id where the unit leaves it out. */
  async #message(id: string, told: unknown, place: string): Promise<Message> {
    const { ao, cache } = this.#call;
    if (told === null || told === undefined) {
      const stored = isId(id) ? await cache.read(id) : undefined;
      if (isMessage(stored)) return (await ao.loadAll(stored)) as Message;
      return this.#refuse(`did not say what message ${place} has, and ${id} is not to be found`);
    }
    const parts = toldItem(told);
    const genuine = await verified(parts);
    if (genuine !== undefined) {
      if (itemName(genuine) !== id) return this.#refuse(`gave another message for ${place} than it had assigned`);
      return this.#read(genuine);
    }
    const item = this.#trusted() ? likely(parts) : undefined;
    if (item === undefined) return this.#refuse(`gave a message for ${place} that cannot be verified`, trustHint);
    return (await this.#read(item)).without('commitments');
  }

  async #read(item: Item): Promise<Message> {
    const read = await this.#call.ao.convert(item.bytes, 'structured@1.0', 'ans104@1.0');
    return isMessage(read) ? read : message({ data: read });
  }

  #trusted(): boolean {
    return this.#call.options['trusted-legacy-schedulers'].includes(this.#address);
  }

  #refuse(what: string, hint = 'Ask its operator.'): never {
    return raise('peer-failed', `${this.#node} ${what}.`, { hint, status: 502 });
  }

  /** Asks the unit, or the one its router names. */
  async #ask(method: 'GET' | 'POST', path: string, body?: Uint8Array): Promise<unknown> {
    const { peers, signal } = this.#call;
    const type = body === undefined ? undefined : 'application/octet-stream';
    let [node, target] = [this.#node, path];
    for (let left = maxRedirects; ; left--) {
      const outcome = await peers.request(node, message({ path: target, method, body, 'content-type': type }), {
        signal,
      });
      if (outcome.status !== 'error') return this.#json(outcome.value);
      const { error } = outcome;
      const told = isMessage(error.value) ? error.value : undefined;
      const location = error.status === 307 ? told?.get('location') : undefined;
      if (typeof location !== 'string' || !URL.canParse(location, node)) {
        const reason = told === undefined ? undefined : textIn(told, 'body');
        if (error.status === undefined || reason === undefined) throw new AoException(error);
        raise(error.code, `${this.#node} refused: ${reason.slice(0, 500)}`, { status: error.status });
      }
      if (left === 0) return this.#refuse('redirects more often than it is followed');
      const url = new URL(location, node);
      [node, target] = [url.origin, url.pathname + url.search];
    }
  }

  #json(value: unknown): unknown {
    const body = isMessage(value as Message) ? textIn(value as Message, 'body') : undefined;
    try {
      return JSON.parse(body ?? '');
    } catch {
      return this.#refuse('gave an answer that is not JSON');
    }
  }
}

function unprocessable(body: string): Outcome {
  return fail('bad-request', body, { status: 422, value: message({ status: 422, body }) });
}

function wholeNumber(value: unknown): number | undefined {
  const spelt = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof spelt === 'number' ? spelt : undefined;
}
