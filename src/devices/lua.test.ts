import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { deliberate } from '../../test/deliberate.ts';
import { fromNotation, type Json } from '../../test/support/notation.ts';
import { processWorld } from '../../test/support/process-world.ts';
import { toText } from '../core/bytes.ts';
import { isMessage, isPrivateKey, Message, message } from '../core/message.ts';
import type { Outcome } from '../core/outcome.ts';
import { getPrivate } from '../core/private.ts';
import { Atom, Float, isList, type Value } from '../core/value.ts';
import { LuaMachines } from './lua/machines.ts';
import { lua } from './lua.ts';

interface Typed {
  readonly t: string;
  readonly v?: Json;
  readonly b64?: string;
  readonly keys?: { readonly [key: string]: Typed };
  readonly items?: readonly Typed[];
}

interface Expected {
  readonly step?: Json;
  readonly query?: string;
  readonly status: string;
  readonly value?: Typed;
}

interface Row {
  readonly id: string;
  readonly kind: 'device' | 'process';
  readonly group: string;
  readonly form?: string;
  readonly modules: readonly { readonly [key: string]: Json }[];
  readonly base?: { readonly [key: string]: Json };
  readonly definition?: { readonly [key: string]: Json };
  readonly 'post-definition'?: boolean;
  readonly messages?: readonly { readonly [key: string]: Json }[];
  readonly results: readonly Expected[];
}

const rows = JSON.parse(
  readFileSync(new URL('../../test/vectors/lua/processes.json', import.meta.url), 'utf8'),
) as readonly Row[];

/** Keys that the rows leave out of every value. */
const leftOut = new Set(
  'commitments module process authority scheduler scheduler-location scheduler-device random-seed snapshot parameters'.split(
    ' ',
  ),
);

let machines: LuaMachines;
beforeAll(async () => {
  machines = await LuaMachines.open();
});

const world = () => processWorld({ devices: [lua], capabilities: { lua: machines }, dialect: '2025-09' });

async function moduleValue(row: Row, w: ReturnType<typeof world>): Promise<Value | undefined> {
  const modules = row.modules.map((module) => {
    const { body, ...rest } = module;
    const place = row.form === 'data' ? 'data' : 'body';
    return fromNotation({ 'content-type': 'application/lua', [place]: body!, ...rest }) as Message;
  });
  if (row.form === 'list') return modules;
  if (row.form === 'map') return new Message(new Map(modules.map((module, i) => [`m${i + 1}`, module])));
  if (row.form === 'source') return modules[0]?.get('body');
  if (row.form === 'missing') return 'N'.repeat(43);
  if (row.form === 'id') {
    const ids = await Promise.all(modules.map((module) => w.cache.write(module)));
    return ids.length === 1 ? ids[0] : ids;
  }
  return modules[0];
}

function compare(value: Value, expected: Typed, at: string): void {
  switch (expected.t) {
    case 'unknown':
      return;
    case 'message': {
      // An empty table has one form; a list of the program's may be a numbered message of the reference.
      const got = isList(value) && value.length === 0 ? Message.empty : value;
      expect(isMessage(got), `${at} is a message`).toBe(true);
      const keys = [...(got as Message).keys()].filter((key) => !leftOut.has(key) && !isPrivateKey(key)).sort();
      expect(keys, `keys of ${at}`).toEqual(Object.keys(expected.keys!).sort());
      for (const key of keys) compare((got as Message).get(key)!, expected.keys![key]!, `${at}/${key}`);
      return;
    }
    case 'list': {
      expect(isList(value) || (isMessage(value) && value.size === 0), `${at} is a list`).toBe(true);
      const items = isList(value) ? value : [];
      expect(items.length, `length of ${at}`).toBe(expected.items!.length);
      for (const [i, item] of items.entries()) compare(item, expected.items![i]!, `${at}/${i + 1}`);
      return;
    }
    case 'integer':
      expect(typeof value === 'number' || typeof value === 'bigint', `${at} is an integer`).toBe(true);
      expect(String(value), at).toBe(expected.v);
      return;
    case 'float':
      expect(value, at).toBeInstanceOf(Float);
      expect((value as Float).value, at).toBe(Number(expected.v));
      return;
    case 'boolean':
      expect(value, at).toBe(expected.v);
      return;
    case 'atom':
      expect(value instanceof Atom ? value.name : value, at).toBe(expected.v);
      return;
    case 'string':
      if (expected.b64 !== undefined) {
        expect(Buffer.from(value as Uint8Array).toString('base64'), at).toBe(expected.b64);
      } else if (expected.v !== '(host trace)') {
        // Internal terms of the reference carry numbers and names of its own.
        const host = 'Erlang error while running Lua: {';
        if (typeof expected.v === 'string' && expected.v.startsWith(host)) {
          expect(typeof value === 'string' && value.startsWith(host.slice(0, -1)), at).toBe(true);
          return;
        }
        const text = typeof value === 'string' ? value : value instanceof Uint8Array ? toText(value) : value;
        expect(text, at).toBe(expected.v);
      }
      return;
    default:
      throw new Error(`unknown type ${expected.t}`);
  }
}

function check(outcome: Outcome, expected: Expected, at: string): void {
  if (expected.status === 'thrown' || expected.status === 'nil') {
    expect(outcome.status, at).toBe('error');
    return;
  }
  if (expected.status === 'failure') {
    expect(outcome.status === 'error' && outcome.error.code, at).toBe('program-failed');
  } else {
    const said = outcome.status === 'error' ? `${outcome.error.code}: ${outcome.error.message}` : '';
    expect(outcome.status, `${at} ${said}`).toBe(expected.status);
  }
  const value = outcome.status === 'error' ? outcome.error.value : outcome.value;
  if (expected.value !== undefined) compare(value!, expected.value, at);
}

async function runDevice(row: Row): Promise<void> {
  const w = world();
  const module = await moduleValue(row, w);
  const own = fromNotation({ device: 'lua@5.3a', ...row.base }) as Message;
  let base = module === undefined ? own : own.with('module', module);
  for (const expected of row.results) {
    const step = fromNotation(expected.step!);
    const outcome = await w.library.resolve(base, step, { hashpath: 'ignore' });
    check(outcome, expected, `${row.id} ${JSON.stringify(expected.step)}`);
    if (outcome.status === 'ok' && isMessage(outcome.value)) {
      const next = outcome.value;
      if (next.get('device') === 'lua@5.3a' && getPrivate(next, 'lua-machine') !== undefined) base = next;
    }
  }
}

async function runProcess(row: Row): Promise<void> {
  const w = world();
  const module = await moduleValue(row, w);
  const definition = await w.sign({
    device: 'process@1.0',
    type: 'Process',
    'execution-device': 'lua@5.3a',
    scheduler: w.wallet.address,
    'scheduler-device': 'scheduler@1.0',
    'scheduler-location': w.wallet.address,
    authority: w.wallet.address,
    'random-seed': 'seed',
    ...(module === undefined ? {} : { module }),
    ...Object.fromEntries(
      [...(fromNotation(row.definition ?? {}) as Message).entries()].map(([key, value]) => [key, value]),
    ),
  });
  const post = async (body: Message): Promise<Outcome> =>
    w.library.resolve(definition, message({ path: 'schedule', method: 'POST', body }));
  if (row['post-definition']) await post(definition);
  else await w.cache.write(definition);
  const pid = w.library.id(definition, 'signed');
  for (const [i, literal] of (row.messages ?? []).entries()) {
    const extra = fromNotation(literal) as Message;
    const body = await w.library.commit(
      message({ type: 'Message', target: pid, 'random-seed': `seed ${i}` }).withAll(extra.entries()),
    );
    const scheduled = await post(body);
    expect(scheduled.status, `${row.id} message ${i}`).toBe('ok');
  }
  for (const expected of row.results) {
    check(await w.get(`/${pid}/${expected.query}`), expected, `${row.id} ${expected.query}`);
  }
}

describe('vectors lua/processes.json', () => {
  for (const row of rows) {
    const name = `lua/processes.json#${row.id}`;
    const run = async (): Promise<void> => (row.kind === 'device' ? runDevice(row) : runProcess(row));
    const reason = deliberate[name];
    if (reason === undefined) test(`[vector ${name}]`, run);
    else test(`[deliberate ${name}] ${reason}`, async () => expect(run()).rejects.toThrow());
  }
});
