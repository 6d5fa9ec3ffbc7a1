/**
 * The newest block of Arweave, which assignments tell (spec 04 §2.4): what the gateway says at `/block/current`, asked again every 15
 * seconds as long as messages are scheduled. Nobody waits for it, except the very first message and not for long; a gateway that fails leaves
 * what was known.
 */
import { isBinary, toText } from '../../core/bytes.ts';
import type { Clock } from '../../core/device.ts';
import { type AoError, AoException, errorFrom, raise } from '../../core/errors.ts';
import { isMessage, message } from '../../core/message.ts';
import type { Peers } from '../../core/peers.ts';
import { type Block, unknownBlock } from './assignment.ts';

export interface BlocksParts {
  /** Base URL. */
  readonly gateway: string;
  readonly peers: Peers;
  readonly clock: Clock;
  readonly failed: (error: AoError) => void;
}

const freshMs = 15_000;
/** How long the first message waits. */
const firstWaitMs = 3_000;

export class Blocks {
  readonly #parts: BlocksParts;
  #known: Block = unknownBlock;
  #asked = Number.NEGATIVE_INFINITY;
  #first: Promise<void> | undefined;

  constructor(parts: BlocksParts) {
    this.#parts = parts;
  }

  async current(): Promise<Block> {
    const now = this.#parts.clock.now();
    if (now - this.#asked >= freshMs) {
      this.#asked = now;
      const asking = this.#ask().catch((thrown: unknown) => this.#parts.failed(errorFrom(thrown)));
      this.#first ??= asking;
    }
    if (this.#known === unknownBlock) await this.#first;
    return this.#known;
  }

  async #ask(): Promise<void> {
    const { gateway, peers } = this.#parts;
    const request = message({ path: '/block/current', method: 'GET' });
    const outcome = await peers.request(gateway, request, { timeoutMs: firstWaitMs });
    if (outcome.status === 'error') throw new AoException(outcome.error);
    const body = isMessage(outcome.value) ? outcome.value.get('body') : outcome.value;
    const block = body !== undefined && isBinary(body) ? blockIn(toText(body) ?? '') : undefined;
    if (block === undefined) raise('peer-failed', `${gateway} gave no block.`);
    this.#known = block;
  }
}

function blockIn(json: string): Block | undefined {
  let told: unknown;
  try {
    told = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (typeof told !== 'object' || told === null) return undefined;
  const { height, timestamp, indep_hash: hash } = told as { readonly [key: string]: unknown };
  const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
  if (!isCount(height) || !isCount(timestamp)) return undefined;
  return typeof hash === 'string' && /^[A-Za-z0-9_-]{43,128}$/.test(hash) ? { height, timestamp, hash } : undefined;
}
