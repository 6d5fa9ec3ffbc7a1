/**
 * The Arweave gateway as a source (spec 05 §2.6): what is known of an item from GraphQL, its data from `/raw/<id>`, put together again
 * and checked.
 *
 * An item's id is the hash of its signature, and the signature covers everything else; so an item that has the right id and verifies *is*
 * the one that was asked for, whoever delivered it. Layer-1 transactions are checked the same way, with the rest of their fields from
 * `/tx/<id>`. What can't be verified, because the gateway lost or changed something, is refused, unless the operator trusts the gateway's
 * word (`trustGraphql`); then it is marked with `trusted-keys`, and its signature still doesn't count as one.
 */

import { type Item, itemId, makeItem } from '../../codecs/ans104/item.ts';
import { verifyItem } from '../../codecs/ans104/sign-item.ts';
import { type SignatureType, signatureType } from '../../codecs/ans104/signature-types.ts';
import { lowerCase } from '../../codecs/ans104/tags.ts';
import { fromTabm } from '../../codecs/structured.ts';
import { readTransaction, verifyTransaction } from '../../codecs/tx/transaction.ts';
import { transactionTabm } from '../../codecs/tx.ts';
import { fromBase64, isBinary, toBase64Url, toText } from '../../core/bytes.ts';
import { commitmentsOf } from '../../core/commitments.ts';
import type { Environment } from '../../core/environment.ts';
import { raise } from '../../core/errors.ts';
import { isMessage, type Message, messageFrom } from '../../core/message.ts';
import type { Value } from '../../core/value.ts';
import { hashOf, isIdText } from '../layout.ts';
import { type GatewayNode, itemQuery, parseAnswer } from './graphql.ts';
import type { Fetch, Source, Sourced } from './source.ts';

export interface GatewayOptions {
  /** Base URL: answers `/raw/<id>`, `/tx/<id>` and, unless `graphql` says otherwise, `/graphql`. */
  readonly url: string;
  readonly graphql?: string;
  readonly fetch: Fetch;
  readonly environment: () => Environment;
  /** Tags that every query carries, for gateways that index only a part. */
  readonly subindex?: readonly { readonly name: string; readonly value: string }[];
  readonly trustGraphql?: boolean;
  readonly keeps?: boolean;
  /** Longer data are refused. */
  readonly maxBytes?: number;
}

const defaultMaxBytes = 100 * 1024 * 1024;
const maxAnswerBytes = 4 * 1024 * 1024;

export function gatewaySource(options: GatewayOptions): Source {
  const base = options.url.replace(/\/+$/, '');
  return {
    name: `gateway ${base}`,
    keeps: options.keeps ?? true,
    async read(path, signal) {
      if (!isIdText(path)) return undefined;
      const gateway = new Gateway(base, options, signal);
      const node = await gateway.query(path);
      return node === undefined ? undefined : gateway.assemble(path, node);
    },
  };
}

class Gateway {
  readonly #base: string;
  readonly #options: GatewayOptions;
  readonly #signal: AbortSignal | undefined;

  constructor(base: string, options: GatewayOptions, signal: AbortSignal | undefined) {
    this.#base = base;
    this.#options = options;
    this.#signal = signal;
  }

  async query(id: string): Promise<GatewayNode | undefined> {
    const body = new TextEncoder().encode(JSON.stringify(itemQuery(id, this.#options.subindex ?? [])));
    const url = this.#options.graphql ?? `${this.#base}/graphql`;
    const answer = await this.#fetch('POST', url, maxAnswerBytes, body);
    const node = answer === undefined ? undefined : parseAnswer(answer);
    if (node !== undefined && node.id !== id) raise('peer-failed', `The gateway answered with ${node.id} for ${id}.`);
    return node;
  }

  async assemble(id: string, node: GatewayNode): Promise<Sourced | undefined> {
    const data = node.size === 0 ? new Uint8Array(0) : await this.#get(`/raw/${id}`);
    if (data === undefined) return undefined;
    const item = await genuineItem(id, node, data);
    const env = this.#options.environment();
    if (item !== undefined) return this.#sourced(id, this.#itemTabm(item, env), env);
    const transaction = await this.#transaction(id, data, env);
    if (transaction !== undefined) return this.#sourced(id, transaction, env);
    if (this.#options.trustGraphql !== true) {
      raise('peer-failed', `What the gateway has of ${id} cannot be verified.`, {
        hint: 'Set `trust-graphql` on this store to take the gateway\u2019s word.',
      });
    }
    return this.#trusted(id, node, data, env);
  }

  /** A layer-1 transaction with its data, if it is one and verifies. */
  async #transaction(id: string, data: Uint8Array, env: Environment): Promise<Value | undefined> {
    const json = await this.#get(`/tx/${id}`);
    if (json === undefined) return undefined;
    try {
      const fields = JSON.parse(toText(json) ?? '') as unknown;
      if (typeof fields !== 'object' || fields === null) return undefined;
      const transaction = readTransaction(JSON.stringify({ ...fields, data: toBase64Url(data) }), env.limits.maxKeys);
      if (hashOf(transaction.signature) !== id || !(await verifyTransaction(transaction))) return undefined;
      return transactionTabm(transaction, env);
    } catch {
      return undefined;
    }
  }

  #itemTabm(item: Item, env: Environment): Value {
    const codec = env.codecs.get('ans104@1.0');
    if (codec === undefined) raise('unavailable', 'ans104@1.0 is missing from the codecs of this node.');
    return codec.toTabm(item.bytes, {}, env) as Value;
  }

  #sourced(id: string, tabm: Value, env: Environment): Sourced {
    if (isBinary(tabm)) return { value: tabm, ids: [] };
    const value = fromTabm(tabm as Message, env);
    if (!isMessage(value)) raise('peer-failed', `The item ${id} is not a message.`);
    const has = commitmentsOf(value).some(([one]) => one === id);
    return has ? { value, ids: [id] } : raise('peer-failed', `The item ${id} has another id here.`);
  }

  /** The message at the gateway's word: its commitment says which keys nobody has checked. */
  #trusted(id: string, node: GatewayNode, data: Uint8Array, env: Environment): Sourced {
    const item = candidates(node, data)[0] ?? raise('peer-failed', `The item ${id} is malformed.`);
    const { value } = this.#sourced(toBase64Url(itemId(item)), this.#itemTabm(item, env), env);
    if (!isMessage(value)) raise('peer-failed', `The item ${id} is not a message.`);
    const [first] = commitmentsOf(value);
    const marked = first![1].with(
      'trusted-keys',
      node.tags.map(({ name }) => lowerCase(name)),
    );
    return { value: value.with('commitments', messageFrom([[id, marked]])), ids: [id] };
  }

  #get(path: string): Promise<Uint8Array | undefined> {
    return this.#fetch('GET', this.#base + path, this.#options.maxBytes ?? defaultMaxBytes);
  }

  /** The body of an answer with status 200; `undefined` for one with 404. */
  async #fetch(
    method: 'GET' | 'POST',
    url: string,
    maxBytes: number,
    body?: Uint8Array,
  ): Promise<Uint8Array | undefined> {
    const answer = await this.#options.fetch({
      method,
      url,
      maxBytes,
      ...(body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } }),
      ...(this.#signal === undefined ? {} : { signal: this.#signal }),
    });
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) raise('peer-failed', `${url} answered with status ${answer.status}.`);
    return answer.body;
  }
}

/** The item made of these parts that has this id and whose signature holds. */
export async function genuineItem(id: string, node: GatewayNode, data: Uint8Array): Promise<Item | undefined> {
  for (const item of candidates(node, data)) {
    if (toBase64Url(itemId(item)) === id && (await verifyItem(item))) return item;
  }
  return undefined;
}

/** Neither gateways nor scheduler units tell the type of a signature: every one with these lengths is tried. */
export function candidates(node: GatewayNode, data: Uint8Array): Item[] {
  const signature = fromBase64(node.signature) ?? new Uint8Array(0);
  const owner = fromBase64(node.owner) ?? new Uint8Array(0);
  const field = (text: string): Uint8Array =>
    text === '' ? new Uint8Array(0) : (fromBase64(text) ?? new Uint8Array(0));
  const tags = node.tags.map(({ name, value }) => ({ name, value: new TextEncoder().encode(value) }));
  const items: Item[] = [];
  for (const type of signatureTypes()) {
    if (type.signatureBytes !== signature.length || type.ownerBytes !== owner.length) continue;
    try {
      items.push(
        makeItem({ type, signature, owner, target: field(node.recipient), anchor: field(node.anchor), tags, data }),
      );
    } catch {
      // A target or anchor of another length: it is no item.
    }
  }
  return items;
}

function* signatureTypes(): Generator<SignatureType> {
  for (let number = 1; ; number++) {
    const type = signatureType(number);
    if (type === undefined) return;
    yield type;
  }
}
