/** Every gold row of the dialect (`test/vectors/lua`, all files but `processes.json`) in a fresh machine. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Message, messageFrom } from '../../core/message.ts';
import { isList, type Value } from '../../core/value.ts';
import { deliberate } from './deliberate.ts';
import { compileLua, type LuaEngine } from './engine.ts';
import type { LuaHostFunction } from './machine.ts';
import { readTypedValues, type Typed } from './typed.ts';

const files = [
  'numbers',
  'float-printing',
  'strings',
  'lexical',
  'tables',
  'metatables',
  'functions',
  'errors',
  'programs',
  'host',
];

interface GoldValue {
  readonly t: string;
  readonly v?: string | boolean;
  readonly b64?: string;
  readonly printed?: string;
  readonly cycle?: boolean;
  readonly entries?: readonly (readonly [GoldValue, GoldValue])[];
}

interface Row {
  readonly id: string;
  readonly code: string;
  readonly address?: boolean;
  readonly libm?: boolean;
  readonly result: {
    readonly ok?: readonly GoldValue[];
    readonly error?: string | { readonly b64: string };
    readonly kind?: string;
    readonly crash?: string;
    readonly text?: string;
  };
}

/** Enough of the `ao` library for the rows of `host.json`: plain messages, paths, and the sequences those rows use. */
const ao: { readonly [name: string]: LuaHostFunction } = {
  'ao.event': () => ({ values: ['ok'] }),
  'ao.get': ([key, base]) =>
    key === undefined ? { crash: 'function_clause' } : { values: [walk(base, String(key)) ?? 'not_found'] },
  'ao.set': ([base, key, value]) => {
    if (key instanceof Message) return { values: [messageFrom([...asMessage(base).entries(), ...key.entries()])] };
    if (value === undefined) return { crash: 'function_clause' };
    return { values: [asMessage(base).with(String(key), value)] };
  },
  'ao.resolve': (args) => {
    if (args.length === 0) return { values: ['failure', 'Attempted to resolve an empty message sequence.'] };
    let [base, ...steps] = args;
    if (isList(base) && base[0] === 'as') base = base[2]!;
    if (steps.length === 0) {
      const path = String(asMessage(base).get('path'));
      const inline = /^\/~message@1\.0&(.*)\/(\w+)$/.exec(path);
      steps = [inline ? inline[2] : path];
      if (inline) base = messageFrom([['b', 2]]);
    }
    for (const step of steps) {
      const path = step instanceof Message ? step.get('path') : step;
      if (path === 'keys') return { values: ['ok', [...asMessage(base).keys()]] };
      base = walk(base, String(path));
    }
    return base === undefined ? { values: ['error', 'not_found'] } : { values: ['ok', base] };
  },
};

function asMessage(value: Value | undefined): Message {
  if (value instanceof Message) return value;
  return isList(value) ? messageFrom(value.map((item, i) => [String(i + 1), item])) : Message.empty;
}

function walk(base: Value | undefined, path: string): Value | undefined {
  let at = base;
  for (const part of path.split('/')) if (part !== '') at = asMessage(at).get(part.toLowerCase());
  return at;
}

function sameFloat(actual: number, gold: string, libm: boolean): boolean {
  const expected = Number(gold);
  if (Object.is(actual, expected)) return true;
  return libm && Math.abs(actual - expected) <= 2 ** -52 * Math.abs(expected) && expected !== 0;
}

function compare(actual: Typed, gold: GoldValue, row: Row): boolean {
  if (gold.t === 'unknown') return true;
  if (actual.t !== gold.t) return false;
  switch (actual.t) {
    case 'boolean':
      return actual.v === gold.v;
    case 'integer':
      return actual.v === gold.v;
    case 'float':
      return sameFloat(actual.v, String(gold.v), row.libm === true);
    case 'string': {
      if (actual.b64 === gold.b64) return true;
      const texts = [actual.b64, gold.b64!].map((b64) => Buffer.from(b64, 'base64').toString('latin1'));
      return row.address === true && anonymous(texts[0]!) === anonymous(texts[1]!);
    }
    case 'table': {
      if ('cycle' in actual || gold.cycle) return 'cycle' in actual && gold.cycle === true;
      return (
        actual.entries.length === gold.entries!.length &&
        actual.entries.every(
          ([k, v], i) => compare(k, gold.entries![i]![0], row) && compare(v, gold.entries![i]![1], row),
        )
      );
    }
    default:
      return true;
  }
}

/** Numbers of tables and names of functions vary. */
function anonymous(text: string): string {
  return text.replace(/table: \d+/g, 'table: N').replace(/function: \S+/g, 'function: F');
}

let engine: LuaEngine;
const tally = new Map<string, { passed: number; deliberate: number }>();

beforeAll(async () => {
  engine = await compileLua();
});

afterAll(() => {
  for (const [file, { passed, deliberate }] of tally) {
    console.log(`vectors: ${passed} passed, ${deliberate} deliberate (lua/${file})`);
  }
});

function check(row: Row): string | undefined {
  const vm = engine.create({
    cycles: true,
    functions: ao,
    limits: { instructions: 200_000_000 },
    time: () => 1_700_000_000.25,
  });
  vm.bind(['ao'], { event: 'ao.event', get: 'ao.get', resolve: 'ao.resolve', set: 'ao.set' });
  const out = vm.loadAs('chunk', row.code, readTypedValues);
  if (out instanceof Promise) return 'became asynchronous';
  const { ok, error, kind, crash, text } = row.result;
  if (ok !== undefined) {
    if (!out.ok) return `failed: ${JSON.stringify(out.failure)}`;
    if (out.values.length !== ok.length || !out.values.every((value, i) => compare(value, ok[i]!, row))) {
      return `got ${show(out.values)} for ${show(ok)}`;
    }
    return undefined;
  }
  if (out.ok) return `returned ${show(out.values)} instead of failing: ${JSON.stringify(row.result)}`;
  const { failure } = out;
  if (crash !== undefined) {
    if (crash === 'compile') {
      if (failure.code !== 'lua-syntax') return `not a syntax error: ${JSON.stringify(failure)}`;
      return text === undefined || text === failure.message ? undefined : `text ${failure.message} for ${text}`;
    }
    return failure.code === 'lua-crash' ? undefined : `not a crash: ${JSON.stringify(failure)}`;
  }
  if (failure.code !== 'lua-error') return `not an error: ${JSON.stringify(failure)}`;
  if (failure.kind !== kind) return `kind ${failure.kind} for ${kind}: ${failure.message}`;
  const expected = typeof error === 'string' ? error : Buffer.from(error!.b64, 'base64').toString();
  const matches = row.address ? anonymous(failure.message) === anonymous(expected) : failure.message === expected;
  return matches ? undefined : `text ${failure.message} for ${expected}`;
}

function show(values: readonly (Typed | GoldValue)[]): string {
  return JSON.stringify(values, (key, value: unknown) =>
    key === 'b64' ? Buffer.from(String(value), 'base64').toString('latin1') : value,
  );
}

for (const file of files) {
  describe(`lua/${file}`, () => {
    const rows = JSON.parse(
      readFileSync(new URL(`../../../test/vectors/lua/${file}.json`, import.meta.url), 'utf8'),
    ) as Row[];
    const count = { passed: 0, deliberate: 0 };
    tally.set(file, count);
    for (const row of rows) {
      it(row.id, () => {
        const problem = check(row);
        if (row.id in deliberate) {
          expect(problem, 'this row passes now: take it off the list in deliberate.ts').toBeDefined();
          count.deliberate++;
        } else {
          expect(problem).toBeUndefined();
          count.passed++;
        }
      });
    }
  });
}
