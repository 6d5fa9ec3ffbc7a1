/** The ledger of runtime/ledger as processes of a node: rows of cases-processes.md §5.2, and what must not be possible. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ledgerFile } from '../../runtime/build.ts';
import { type Message, message } from '../../src/core/message.ts';
import { startNode } from '../../src/testing/index.ts';
import { LedgerWorld } from '../support/ledger-world.ts';
import { value } from '../support/lua-world.ts';
import { testWallet } from '../support/process-world.ts';

const second = testWallet('rsa4096-2.json');
const outcome = (results: Message) => [results.get('status'), results.get('error')];

/** A root in which Alice holds 100, and as many equal sub-ledgers as asked for. */
async function network(subs: number, extra: Parameters<LedgerWorld['root']>[1] = {}) {
  const ledgers = await LedgerWorld.open();
  const { alice, bob } = ledgers;
  const root = await ledgers.root({ [alice.address]: 100 }, extra);
  const all: string[] = [];
  for (let i = 0; i < subs; i++) all.push(await ledgers.sub(root));
  return { ledgers, alice, bob, root, subs: all };
}

describe('transfers', () => {
  test('[row processes/5.2/transfer] Alice to Bob', async () => {
    const { ledgers, alice, bob, root } = await network(0);
    expect(outcome(await ledgers.transfer(root, alice, bob, 1))).toEqual(['ok', undefined]);
    expect((await ledgers.book(root)).balance).toEqual({ [alice.address]: 99, [bob.address]: 1 });
    await ledgers.check(root, [], 100);
  });

  test('[row processes/5.2/transfer_unauthorized] more than there is, and amounts that are none', async () => {
    const { ledgers, alice, bob, root } = await network(0);
    expect(outcome(await ledgers.transfer(root, bob, alice, 1))).toEqual(['error', 'Insufficient balance.']);
    expect(outcome(await ledgers.transfer(root, alice, bob, 101))).toEqual(['error', 'Insufficient balance.']);
    for (const quantity of ['101', '1', -1, true]) {
      expect((await ledgers.transfer(root, alice, bob, quantity)).get('error'), String(quantity)).toContain('quantity');
    }
    expect((await ledgers.book(root)).balance).toEqual({ [alice.address]: 100 });
  });
});

describe('sub-ledgers', () => {
  test('[row processes/5.2/subledger_deposit] a transfer routed to a sub-ledger', async () => {
    const { ledgers, alice, root, subs } = await network(1);
    const [sub] = subs as [string];
    await ledgers.transfer(root, alice, alice, 10, sub);
    expect((await ledgers.book(root)).balance).toEqual({ [alice.address]: 90, [sub]: 10 });
    expect((await ledgers.book(sub)).balance).toEqual({ [alice.address]: 10 });
    await ledgers.check(root, subs, 100);
  });

  test('[row processes/5.2/subledger_transfer] in a sub-ledger, and back to the root; integers stay integers', async () => {
    const { ledgers, alice, bob, root, subs } = await network(1);
    const [sub] = subs as [string];
    await ledgers.transfer(root, alice, alice, 10, sub);
    await ledgers.transfer(sub, alice, bob, 8);
    await ledgers.transfer(sub, bob, bob, 7, root);
    const [a, b] = [alice.address, bob.address];
    expect(await ledgers.book(root)).toEqual({ balance: { [a]: 90, [b]: 7, [sub]: 3 }, ledgers: {} });
    expect(await ledgers.book(sub)).toEqual({ balance: { [a]: 2, [b]: 1 }, ledgers: {} });
    await ledgers.check(root, subs, 100);
  });

  test('[row processes/5.2/single_subledger_to_subledger] from one to another', async () => {
    const { ledgers, alice, root, subs } = await network(2);
    const [one, two] = subs as [string, string];
    await ledgers.transfer(root, alice, alice, 90, one);
    await ledgers.transfer(one, alice, alice, 80, two);
    expect(await ledgers.balance(root, alice)).toBe(10);
    expect(await ledgers.balance(one, alice)).toBe(10);
    expect(await ledgers.balance(two, alice)).toBe(80);
    await ledgers.check(root, subs, 100);
  });

  test('[row processes/5.2/subledger_to_subledger] there and back', async () => {
    const { ledgers, alice, bob, root, subs } = await network(2);
    const [one, two] = subs as [string, string];
    await ledgers.transfer(root, alice, alice, 90, one);
    await ledgers.check(root, subs, 100);
    await ledgers.transfer(one, alice, bob, 10, two);
    expect([await ledgers.balance(root, alice), await ledgers.balance(one, alice)]).toEqual([10, 80]);
    expect(await ledgers.balance(two, bob)).toBe(10);
    await ledgers.check(root, subs, 100);
    await ledgers.transfer(two, bob, bob, 5, one);
    await ledgers.transfer(two, bob, alice, 4, one);
    expect([await ledgers.balance(one, bob), await ledgers.balance(one, alice)]).toEqual([5, 84]);
    expect([await ledgers.balance(two, bob), await ledgers.balance(root, alice)]).toEqual([1, 10]);
    await ledgers.check(root, subs, 100);
  });

  test('[row processes/5.2/unregistered_peer_transfer] to ledgers that were never heard of', async () => {
    const { ledgers, alice, bob, root, subs } = await network(3);
    const [one, two, three] = subs as [string, string, string];
    await ledgers.transfer(root, alice, alice, 90, one);
    await ledgers.transfer(root, alice, bob, 10, two);
    await ledgers.transfer(one, alice, bob, 50, three);
    expect([await ledgers.balance(root, alice), await ledgers.balance(one, alice)]).toEqual([0, 40]);
    expect([await ledgers.balance(two, bob), await ledgers.balance(three, bob)]).toEqual([10, 50]);
    await ledgers.check(root, subs, 100);
  });

  test('[row processes/5.2/subledger_registration] each side lists the other', async () => {
    const { ledgers, alice, root, subs } = await network(2);
    const [one, two] = subs as [string, string];
    const asked = { action: 'Register-Remote', target: one, peer: two };
    expect(outcome(await ledgers.push(one, alice, asked))).toEqual(['ok', undefined]);
    expect((await ledgers.book(one)).ledgers).toEqual({ [two]: 0 });
    expect((await ledgers.book(two)).ledgers).toEqual({ [one]: 0 });
    await ledgers.check(root, subs, 100);
    // Another definition, or a wallet, is not listed.
    const other = await ledgers.sub(root, { name: 'other' });
    await ledgers.push(other, alice, { action: 'Register-Remote', target: other, peer: two });
    await ledgers.push(two, alice, { action: 'Register', target: two });
    expect((await ledgers.book(two)).ledgers).toEqual({ [one]: 0 });
  });

  test('a ledger is known by the id of its definition, with or without its scheduler and authority', async () => {
    const { ledgers, root, subs } = await network(1);
    const { library, cache, wallet } = ledgers.world;
    const [sub] = subs as [string];
    const definition = ((await cache.read(sub)) as Message).without('commitments');
    const bases = [definition, definition.without('scheduler', 'authority')].map((one) => library.id(one, 'unsigned'));
    const register = (from: string, keys: { readonly [key: string]: string }) =>
      ledgers.push(sub, wallet, {
        action: 'Register',
        target: sub,
        reference: '1',
        'from-process': from,
        'from-scheduler': wallet.address,
        'from-authority': wallet.address,
        ...keys,
      });
    const peers = ['a', 'b', 'c', 'd', 'e'].map((letter) => letter.repeat(43)) as [
      string,
      string,
      string,
      string,
      string,
    ];
    await register(peers[0], { 'from-base': bases[0]! });
    await register(peers[1], { 'from-base': bases[1]! });
    await register(peers[2], { 'from-base': root });
    await register(peers[3], { 'from-base': bases[1]!, 'from-scheduler': peers[0] });
    await register(peers[4], { 'from-base': bases[1]!, 'from-authority': `${wallet.address},${peers[0]}` });
    expect((await ledgers.book(sub)).ledgers).toEqual({ [peers[0]]: 0, [peers[1]]: 0 });
  });

  test('what a wallet or a process pays to a sub-ledger itself is the payer’s there', async () => {
    const { ledgers, alice, root, subs } = await network(1);
    await ledgers.transfer(root, alice, subs[0]!, 25);
    expect(await ledgers.balance(subs[0]!, alice)).toBe(25);
    await ledgers.check(root, subs, 100);
  });

  test('what the root does not take comes back', async () => {
    const { ledgers, alice, bob, root, subs } = await network(1, { admin: testWallet('rsa4096-1.json').address });
    const { wallet } = ledgers.world;
    const [sub] = subs as [string];
    await ledgers.transfer(root, alice, alice, 10, sub);
    // Bob owes 5, so that Alice and the node hold 15 where the root has 10.
    const charge = { path: 'charge', account: bob.address, quantity: 5, recipient: wallet.address };
    expect(outcome(await ledgers.push(sub, wallet, charge))).toEqual(['ok', undefined]);
    await ledgers.transfer(sub, alice, alice, 10, root);
    await ledgers.transfer(sub, wallet, wallet, 5, root);
    expect(await ledgers.balance(root, alice)).toBe(100);
    expect((await ledgers.book(sub)).balance).toEqual({ [bob.address]: -5, [wallet.address]: 5 });
    await ledgers.check(root, subs, 100);
  });
});

describe('schedulers and authorities', () => {
  test('[row processes/5.2/comma_separated_scheduler_list] two schedulers as text', async () => {
    const ledgers = await LedgerWorld.open({ identities: [second] });
    const { alice, bob } = ledgers;
    const own = ledgers.world.wallet.address;
    const root = await ledgers.root(
      { [alice.address]: 100 },
      { scheduler: `"${own}","${second.address}"`, 'scheduler-required': [own] },
    );
    await ledgers.transfer(root, alice, bob, 100);
    expect((await ledgers.book(root)).balance).toEqual({ [bob.address]: 100 });
  });

  test('[row processes/5.2/multischeduler] every scheduler that is required has to have signed', async () => {
    const ledgers = await LedgerWorld.open({ identities: [second] });
    const { alice, bob } = ledgers;
    const [own, other] = [ledgers.world.wallet.address, second.address];
    const both = { scheduler: [own, other], 'scheduler-required': [own, other], 'scheduler-match': 2 };
    const root = await ledgers.root({ [alice.address]: 100 }, both);
    await ledgers.transfer(root, alice, bob, 1);
    expect(await ledgers.balance(root, bob)).toBe(1);
    for (const extra of [{ 'scheduler-match': 2 }, { 'scheduler-required': [own, other] }]) {
      const one = await ledgers.root({ [alice.address]: 100 }, { scheduler: own, ...extra });
      expect((await ledgers.transfer(one, alice, bob, 1)).get('error')).toContain('schedulers');
      expect(await ledgers.balance(one, bob)).toBe(0);
    }
    const subs = [await ledgers.sub(root), await ledgers.sub(root, { scheduler: own })] as const;
    await ledgers.transfer(root, alice, alice, 10, subs[0]);
    expect(await ledgers.balance(subs[0], alice)).toBe(10);
    await ledgers.transfer(root, alice, alice, 10, subs[1]);
    expect(await ledgers.balance(subs[1], alice)).toBe(0);
    await ledgers.push(subs[0], alice, { action: 'Register-Remote', target: subs[0], peer: subs[1] });
    expect((await ledgers.book(subs[0])).ledgers).toEqual({});
  });

  test('a process is believed if enough of the authorities have signed', async () => {
    const { ledgers, bob, root } = await network(0, {
      authority: [second.address, testWallet('rsa4096-1.json').address],
    });
    const from = {
      action: 'Transfer',
      target: root,
      recipient: bob.address,
      quantity: 0,
      'from-process': 'p'.repeat(43),
    };
    const by = async (codec: string, wallet: typeof second, keys = {}) =>
      outcome(await ledgers.push(root, wallet, { ...from, reference: '1', ...keys }, codec));
    expect(await by('ans104@1.0', ledgers.bob)).toEqual(['error', 'Message is not trusted.']);
    expect(await by('httpsig@1.0', second)).toEqual(['ok', undefined]);
    // Once: its reference is its name.
    expect((await by('ans104@1.0', second))[1]).toContain('before');
    expect(await by('ans104@1.0', second, { reference: 2 })).toEqual(['ok', undefined]);
    expect((await by('httpsig@1.0', second, { reference: undefined }))[1]).toContain('reference');
  });
});

describe('a ledger does not let happen that', () => {
  test('a message counts twice, because it is posted again or its slot is pushed again', async () => {
    const { ledgers, alice, root, subs } = await network(1);
    const { library, cache } = ledgers.world;
    const [sub] = subs as [string];
    const keys = { action: 'Transfer', target: root, recipient: alice.address, quantity: 10, route: sub };
    const signed = await ledgers.signed(alice, keys);
    expect(outcome(await ledgers.pushSigned(root, signed))).toEqual(['ok', undefined]);
    expect((await ledgers.pushSigned(root, signed)).get('error')).toContain('before');
    value(await library.resolve((await cache.read(root))!, message({ path: 'push', slot: 0 })));
    expect(value(await ledgers.world.get(`/${sub}/slot/current`))).toBe(1);
    expect(await ledgers.balance(sub, alice)).toBe(10);
    await ledgers.check(root, subs, 100);
  });

  test('a message for one ledger moves something in another, or what was added to it is heard', async () => {
    const { ledgers, alice, bob, root } = await network(0);
    const { library, cache } = ledgers.world;
    const twin = await ledgers.root({ [alice.address]: 100 });
    const keys = { action: 'Transfer', target: root, recipient: bob.address, quantity: 10 };
    const signed = await ledgers.signed(alice, keys);
    const { target: _, ...anywhere } = keys;
    expect((await ledgers.push(twin, alice, anywhere)).get('error')).toContain('not for this ledger');
    // Somebody puts a route on Alice's message, under a signature that anybody can make.
    const added = signed.without('commitments').with('route', 'r'.repeat(43));
    const anybodys = await library.commit(added, message({ type: 'hmac-sha256' }));
    const commitments = [anybodys, signed].flatMap((one) => [...(one.get('commitments') as Message).entries()]);
    const forged = added.with('commitments', message(Object.fromEntries(commitments)));
    const request = message({ path: 'schedule', method: 'POST', body: forged });
    value(await library.resolve((await cache.read(root))!, request));
    expect((await ledgers.book(root)).balance).toEqual({ [alice.address]: 90, [bob.address]: 10 });
  });

  test('somebody else than the root credits, or an account has a name that means something to a message', async () => {
    const { ledgers, alice, root, subs } = await network(1);
    const [sub] = subs as [string];
    const notice = { target: sub, recipient: alice.address, sender: alice.address, quantity: 10 };
    for (const action of ['Credit-Notice', 'Transfer-Error']) {
      expect((await ledgers.push(sub, alice, { action, ...notice })).get('error')).toContain('Only the root');
    }
    for (const recipient of ['device', 'commitments', 'a/b', `${alice.address}/x`, '', 'x'.repeat(65)]) {
      expect((await ledgers.transfer(root, alice, recipient, 0)).get('status'), recipient).toBe('error');
    }
    expect((await ledgers.book(root)).balance).toEqual({ [alice.address]: 100 });
    await ledgers.check(root, subs, 100);
  });

  test('it begins with amounts that are none', async () => {
    const { ledgers, alice } = await network(0);
    for (const balance of [{ [alice.address]: '100' }, { [alice.address]: -1 }, { device: 5 }] as {
      [key: string]: number;
    }[]) {
      const broken = await ledgers.root(balance);
      await expect(ledgers.transfer(broken, alice, alice, 0)).rejects.toThrow(/balance/);
    }
  });
});

describe('the admin', () => {
  test('mints in a root, and nobody else does', async () => {
    const { ledgers, alice, bob, root } = await network(0, { admin: second.address });
    const mint = { action: 'Mint', target: root, recipient: bob.address, quantity: 5 };
    expect(outcome(await ledgers.push(root, second, mint))).toEqual(['ok', undefined]);
    expect(outcome(await ledgers.push(root, bob, mint))).toEqual(['error', 'Only the admin can mint.']);
    const sub = await ledgers.sub(root);
    expect((await ledgers.push(sub, second, { ...mint, target: sub })).get('error')).toBe('Only a root can mint.');
    expect((await ledgers.book(root)).balance).toEqual({ [alice.address]: 100, [bob.address]: 5 });
  });

  test('charges an account for another, by the path alone as a paid node does', async () => {
    const { ledgers, alice, bob, root } = await network(0, { admin: testWallet('rsa4096-1.json').address });
    const { wallet } = ledgers.world;
    const charge = {
      path: 'charge',
      account: alice.address,
      quantity: 3,
      recipient: wallet.address,
      request: { path: '/x' },
    };
    expect(outcome(await ledgers.push(root, wallet, charge))).toEqual(['ok', undefined]);
    expect(outcome(await ledgers.push(root, wallet, { ...charge, account: [bob.address] }))).toEqual(['ok', undefined]);
    expect((await ledgers.push(root, wallet, { ...charge, account: [alice.address, bob.address] })).get('status')).toBe(
      'error',
    );
    expect(outcome(await ledgers.push(root, bob, charge))).toEqual(['error', 'Only the admin can charge.']);
    expect((await ledgers.book(root)).balance).toEqual({
      [alice.address]: 97,
      [bob.address]: -3,
      [wallet.address]: 6,
    });
  });
});

test('amounts of any size keep every digit, in notices too', async () => {
  const ledgers = await LedgerWorld.open();
  const { alice, bob } = ledgers;
  const all = 10n ** 40n + 7n;
  const root = await ledgers.root({ [alice.address]: all });
  const sub = await ledgers.sub(root);
  await ledgers.transfer(root, alice, bob, all - 1n, sub);
  expect((await ledgers.book(root)).balance).toEqual({ [alice.address]: 1, [sub]: all - 1n });
  await ledgers.transfer(sub, bob, alice, 10n ** 39n, root);
  expect(await ledgers.balance(root, alice)).toBe(10n ** 39n + 1n);
  await ledgers.check(root, [sub], all);
});

test('a ledger whose definition names its function serves every message', async () => {
  const { ledgers, alice, bob, root } = await network(0, { function: 'compute' });
  for (const path of ['balance', 'set', 'nothing']) {
    await ledgers.push(root, bob, { path, target: root, n: path.length });
  }
  await ledgers.transfer(root, alice, bob, 1);
  expect(await ledgers.balance(root, bob)).toBe(1);
});

test('the node’s own ledger over HTTP, as a paid node would keep it', async () => {
  const [alice, bob, operator] = [
    testWallet('rsa4096-2.json'),
    testWallet('secp256k1-1.json'),
    testWallet('rsa4096-1.json'),
  ];
  const ledger = message({
    device: 'process@1.0',
    type: 'Process',
    'execution-device': 'lua@5.3a',
    'scheduler-device': 'scheduler@1.0',
    function: 'compute',
    module: message({ 'content-type': 'application/lua', body: readFileSync(ledgerFile, 'utf8') }),
    balance: message({ [alice.address]: 100 }),
    admin: operator.address,
  });
  await using node = await startNode({ wallet: operator, options: { 'node-processes': message({ ledger }) } });
  const at = '/ledger~node-process@1.0';
  expect(await node.client().read(`${at}/now/balance/${alice.address}`)).toBe(100);
  const process = node.resolver
    .ao()
    .id((await node.resolver.ao().get(message({ device: 'node-process@1.0' }), 'ledger'))!, 'signed');
  // As p4@1.0 does after an answer that cost something.
  const ao = node.resolver.ao();
  const charge = { path: 'charge', account: alice.address, quantity: 2, recipient: operator.address };
  const body = await ao.commit(message(charge), message({}), operator);
  const base = (await node.cache.read(process)) as Message;
  value(await ao.resolve(base, message({ path: 'push', method: 'POST', body })));
  const tags = { recipient: bob.address, quantity: '50', 'ao-types': 'quantity="integer"' };
  const { output } = await node.client(alice).send(process, { action: 'Transfer', tags });
  expect(output).toBe(`Transferred 50 to ${bob.address}.`);
  const refused = node.client(bob).send(process, { action: 'Transfer', tags: { ...tags, quantity: '51' } });
  await expect(refused).rejects.toThrow('Insufficient balance.');
  const shown = await (await fetch(`${node.url}${at}/now/balance/serialize~json@1.0`)).json();
  expect(shown).toMatchObject({ [alice.address]: 48, [bob.address]: 50, [operator.address]: 2 });
});
