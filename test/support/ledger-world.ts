/** Ledgers as processes of a node, and what the rows of cases-processes.md §5.2 say must hold for them. */
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { ledgerFile } from '../../runtime/build.ts';
import { type Input, isMessage, type Message, message } from '../../src/core/message.ts';
import type { Wallet } from '../../src/core/wallet.ts';
import { type LuaWorld, luaWorld, value } from './lua-world.ts';
import { type ProcessWorldOptions, testWallet } from './process-world.ts';

type Keys = { readonly [key: string]: Input };

/** A ledger as its state shows it. */
export interface Book {
  readonly balance: { readonly [account: string]: number | bigint };
  readonly ledgers: { readonly [process: string]: number | bigint };
}

export class LedgerWorld {
  readonly alice = testWallet('rsa4096-2.json');
  readonly bob = testWallet('secp256k1-1.json');
  readonly world: LuaWorld;
  readonly #definition: Keys;

  private constructor(world: LuaWorld, module: string) {
    this.world = world;
    this.#definition = {
      device: 'process@1.0',
      type: 'Process',
      'scheduler-device': 'scheduler@1.0',
      'execution-device': 'lua@5.3a',
      scheduler: world.wallet.address,
      authority: world.wallet.address,
      module,
    };
  }

  static async open(options: ProcessWorldOptions = {}): Promise<LedgerWorld> {
    const world = await luaWorld(options);
    const body = readFileSync(ledgerFile, 'utf8');
    return new LedgerWorld(world, await world.cache.write(message({ 'content-type': 'application/lua', body })));
  }

  /** A root ledger in the store, not scheduled. Gives its id. */
  async root(balance: { readonly [account: string]: number | bigint }, extra: Keys = {}): Promise<string> {
    return this.ledger({ balance, ...extra });
  }

  /** A sub-ledger: the root's definition without what it holds. Equal ones differ by their signature only. */
  async sub(root: string, extra: Keys = {}): Promise<string> {
    const definition = (await this.world.library.ao.loadAll((await this.world.cache.read(root))!)) as Message;
    const own = Object.fromEntries(definition.without('commitments', 'balance', 'token').entries());
    return this.ledger({ ...own, token: root, ...extra });
  }

  async ledger(extra: Keys): Promise<string> {
    const definition = await this.world.sign({ ...this.#definition, ...extra });
    await this.world.cache.write(definition);
    return this.world.library.id(definition, 'signed');
  }

  /** Signs a message and pushes it: its slot and everything that follows is computed. Gives the results of the slot. */
  async push(process: string, by: Wallet, keys: Keys, codec?: string): Promise<Message> {
    return this.pushSigned(process, await this.signed(by, keys, codec));
  }

  /** RSA keys sign HTTP messages, others data items. */
  async signed(by: Wallet, keys: Keys, codec = by === this.bob ? 'ans104@1.0' : 'httpsig@1.0'): Promise<Message> {
    return this.world.library.commit(message(keys), message({ 'commitment-device': codec }), by);
  }

  async pushSigned(process: string, body: Message): Promise<Message> {
    const { library, cache } = this.world;
    const request = message({ path: 'push', method: 'POST', body });
    const pushed = value(await library.resolve((await cache.read(process))!, request)) as Message;
    const results = value(await this.world.get(`/${process}/compute=${String(pushed.get('slot'))}/results`));
    if (!isMessage(results)) throw new Error('the slot has no results');
    return results;
  }

  transfer(
    process: string,
    by: Wallet,
    recipient: Wallet | string,
    quantity: Input,
    route?: string,
    extra: Keys = {},
  ): Promise<Message> {
    const to = typeof recipient === 'string' ? recipient : recipient.address;
    const keys = { action: 'Transfer', target: process, recipient: to, quantity, ...extra };
    return this.push(process, by, route === undefined ? keys : { ...keys, route });
  }

  async balance(process: string, of: Wallet | string): Promise<number | bigint> {
    const account = typeof of === 'string' ? of : of.address;
    return (await this.book(process)).balance[account] ?? 0;
  }

  async book(process: string): Promise<Book> {
    const isScheduled = value(await this.world.get(`/${process}/slot/current`)) !== -1;
    const state = value(await this.world.get(isScheduled ? `/${process}/now` : `/${process}`)) as Message;
    const table = async (key: string) => {
      const loaded = await this.world.library.ao.loadAll(state.get(key) ?? '');
      return Object.fromEntries(isMessage(loaded) ? loaded.without('commitments').entries() : []) as Book['balance'];
    };
    return { balance: await table('balance'), ledgers: await table('ledgers') };
  }

  /** The invariants listed below the rows of §5.2, for a root and its sub-ledgers when nothing is on its way. */
  async check(root: string, subs: readonly string[], supply: number | bigint): Promise<void> {
    const top = await this.book(root);
    const books = await Promise.all(subs.map(async (id) => [id, await this.book(id)] as const));
    expect(sum(top.balance) + sum(top.ledgers), 'the supply stays').toBe(BigInt(supply));
    const users = Object.fromEntries(Object.entries(top.balance).filter(([account]) => !subs.includes(account)));
    const below = books.reduce((all, [, book]) => all + sum(book.balance), 0n);
    expect(sum(users) + below, 'what all accounts hold together').toBe(BigInt(supply));
    for (const [id, book] of books) {
      expect(sum(book.balance), 'a sub-ledger holds what the root says').toBe(BigInt(top.balance[id] ?? 0));
      for (const [peer, amount] of Object.entries(book.ledgers)) {
        expect(await this.balance(peer, id), 'ledgers agree on what one holds in the other').toBe(amount);
      }
    }
    expect(await this.world.outbox.waiting()).toEqual([]);
  }
}

function sum(amounts: { readonly [account: string]: number | bigint }): bigint {
  return Object.values(amounts).reduce<bigint>((all, amount) => all + BigInt(amount), 0n);
}
