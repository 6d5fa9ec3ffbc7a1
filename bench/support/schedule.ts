/**
 * Long schedules without long waiting: messages and assignments of real shape and size, in the log of a store, signed by nobody.
 *
 * Ten thousand slots need twenty thousand RSA signatures, minutes of them. Nothing that is measured here looks at a signature (a fold trusts
 * its own log), so random bytes stand in for them and the verification is left out while the log is filled. What reads the log later is the
 * real thing.
 */
import { randomBytes } from 'node:crypto';
import { httpsig } from '../../src/codecs/httpsig.ts';
import { type Input, isMessage, type Message, message } from '../../src/core/message.ts';
import type { Wallet } from '../../src/core/wallet.ts';
import { sha256 } from '../../src/crypto/hash.ts';
import { buildAssignment, chainText, nextChain, unknownBlock } from '../../src/devices/scheduler/assignment.ts';
import type { Row } from '../../src/devices/scheduler/log.ts';
import { StoreLog } from '../../src/devices/scheduler/store-log.ts';
import { createLibrary } from '../../src/node/library.ts';
import { MessageCache } from '../../src/stores/message-cache.ts';
import type { Store } from '../../src/stores/store.ts';
import { testWallet } from '../../test/support/process-world.ts';

export interface Literal {
  readonly [key: string]: Input;
}

/** A process in the store: its definition as the slots refer to it. */
export interface Seeded {
  readonly id: string;
  readonly message: Message;
}

const rowsPerBatch = 250;

export class ScheduleWriter {
  readonly #library;
  readonly #cache: MessageCache;
  readonly #log: StoreLog;
  readonly #wallet: Wallet;

  constructor(store: Store) {
    const { publicKey, address } = testWallet('rsa4096-1.json');
    this.#wallet = { keyType: 'rsa', publicKey, address, sign: async () => new Uint8Array(randomBytes(512)) };
    this.#cache = new MessageCache({ store, environment: () => this.#library.env });
    this.#library = createLibrary({
      cache: this.#cache,
      wallet: this.#wallet,
      codecs: [{ ...httpsig, committer: { ...httpsig.committer!, verify: () => true } }],
    });
    this.#log = new StoreLog(this.#cache, () => this.#library.env);
  }

  write(value: Message): Promise<string> {
    return Promise.resolve(this.#cache.write(value));
  }

  /** A process whose slot 0 is its definition. Only a `wallet` signs it: without one, compute it without asking who it is by. */
  async spawn(literal: Literal, wallet = this.#wallet): Promise<Seeded> {
    const { address } = this.#wallet;
    const definition = await this.#sign(
      { device: 'process@1.0', type: 'Process', scheduler: address, authority: address, ...literal },
      wallet,
    );
    await this.#cache.write(definition);
    const id = this.#library.id(definition, 'signed');
    await this.#append(id, [definition]);
    return { id, message: definition };
  }

  /** Adds `count` messages to the schedule. */
  async fill(process: string, count: number, make: (slot: number) => Literal): Promise<void> {
    let batch: Message[] = [];
    for (let i = 1; i <= count; i++) {
      batch.push(await this.#sign({ type: 'Message', target: process, ...make(i) }));
      if (batch.length < rowsPerBatch && i < count) continue;
      await this.#append(process, batch);
      batch = [];
    }
  }

  async #append(process: string, bodies: readonly Message[]): Promise<void> {
    const head = await this.#log.head(process);
    let { slot, chain } = head ?? { slot: -1, chain: new Uint8Array(0) };
    const rows: Row[] = [];
    for (const body of bodies) {
      const messageId = this.#library.id(body, 'signed');
      slot++;
      chain = nextChain(chain, messageId, sha256);
      const facts = { process, slot, chain: chainText(chain), body, timestamp: 1_700_000_000_000 + slot };
      const unsigned = buildAssignment({ ...facts, block: unknownBlock }, this.#library.env.dialect);
      const assignment = await this.#library.commit(unsigned);
      rows.push({ slot, chain, messageId, assignment });
    }
    if ((await this.#log.append(process, rows)) !== 'ok') throw new Error('The log is somebody else’s.');
  }

  async #sign(literal: Literal, wallet = this.#wallet): Promise<Message> {
    const signed = await this.#library.commit(message(literal), message({}), wallet);
    if (!isMessage(signed)) throw new Error('not signed');
    return signed;
  }
}
