/**
 * What wao's `HB` class does, by the package it does it with: `hbsig` signs the message by itself, puts that signature as explicit commitments
 * into the body of a request, and posts it (spec 06 §6.1, §6.2). wao itself is not a dependency (docs/decisions/dependencies.md).
 */
import { createRequire } from 'node:module';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startNode, type TestNode, testJwk, testWallet } from '../../src/testing/index.ts';

type Fields = { readonly [name: string]: unknown };
type Sign = (fields: Fields, options?: { readonly path: boolean }) => Promise<unknown>;
interface Reply {
  readonly status: number;
  readonly headers: { readonly [name: string]: string };
  readonly out?: { readonly process?: string; readonly slot?: number };
}
interface Hbsig {
  createSigner(jwk: unknown, url: string): Sign;
  commit(fields: Fields, options: { readonly signer: Sign; readonly path: boolean }): Promise<unknown>;
  send(signed: unknown): Promise<Reply>;
}
const hbsig = createRequire(import.meta.url)('hbsig') as Hbsig;

let node: TestNode;
let sign: Sign;
beforeAll(async () => {
  node = await startNode();
  sign = hbsig.createSigner(testJwk('second'), node.url);
});
afterAll(() => node.close());

const commit = (fields: Fields): Promise<unknown> => hbsig.commit(fields, { signer: sign, path: false });

async function spawn(): Promise<string> {
  const body = await commit({
    'random-seed': crypto.randomUUID(),
    type: 'Process',
    device: 'process@1.0',
    'execution-device': 'test-device@1.0',
    scheduler: node.address,
  });
  const reply = await hbsig.send(await sign({ path: '/~process@1.0/schedule', scheduler: node.address, body }));
  return reply.out!.process!;
}

async function schedule(process: string, fields: Fields): Promise<number> {
  const body = await commit({ type: 'Message', target: process, ...fields });
  const reply = await hbsig.send(await sign({ path: `/${process}/schedule`, body }, { path: true }));
  return reply.out!.slot!;
}

test('spawns a process and schedules messages on it, its own signatures in the body', async () => {
  const process = await spawn();
  expect(process).toMatch(/^[\w-]{43}$/);
  expect(await schedule(process, { action: 'Inc' })).toBe(1);
  expect(await schedule(process, { action: 'Inc', data: 'with data' })).toBe(2);
  const listed = await fetch(`${node.url}/${process}~process@1.0/schedule?from=0&to=2&accept=application/aos-2`);
  const { edges } = (await listed.json()) as {
    readonly edges: readonly {
      readonly node: { readonly message: { readonly Owner: string; readonly Data: string } };
    }[];
  };
  expect(edges.map(({ node: { message } }) => message.Owner)).toEqual(Array(3).fill(testWallet('second').address));
  expect(edges[2]!.node.message.Data).toBe('with data');
  const state = await fetch(`${node.url}/${process}/compute/~json@1.0/serialize?slot=2`);
  expect(await state.json()).toMatchObject({ 'at-slot': 2 });
});

test('a body whose signature does not hold is refused', async () => {
  const process = await spawn();
  const body = (await commit({ type: 'Message', target: process, action: 'Inc', data: 'honest' })) as { data: string };
  body.data = 'changed';
  await expect(hbsig.send(await sign({ path: `/${process}/schedule`, body }, { path: true }))).rejects.toThrow('400');
  expect(await (await fetch(`${node.url}/${process}~process@1.0/slot/current`)).text()).toBe('0');
});
