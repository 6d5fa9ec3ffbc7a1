/**
 * Lua machine: calls, marshalling, raw speed, snapshots. `npx node bench/vm/lua.ts`
 */
import { message } from '../../src/core/message.ts';
import { compileLua } from '../../src/vm/lua/engine.ts';
import type { LuaMachine } from '../../src/vm/lua/machine.ts';

const source = `
function empty() end
function echo(m) return m end
function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
function tables(n) local t = {} for i = 1, n do t['k' .. i % 1000] = i t[i] = i end local s = 0 for _, v in pairs(t) do s = s + v end return s end
function strings(n) local t = {} for i = 1, n do t[#t + 1] = ('x'):rep(3) .. i end return #table.concat(t) end
function bigs(n) local a, b = 0, 1 for _ = 1, n do a, b = b, a + b end return a % 1000000007 end
function host(n) for i = 1, n do ao.event(i) end end
Balances = {}
function transfer(m) Balances[m.target] = (Balances[m.target] or 0) + 1 return m end
`;

function measure(name: string, unit: string, count: number, run: (count: number) => void): void {
  run(Math.ceil(count / 10));
  // Time of this thread, so that a busy machine doesn't show.
  const start = process.threadCpuUsage();
  run(count);
  const used = process.threadCpuUsage(start);
  const ms = (used.user + used.system) / 1000;
  const value =
    unit === 'ms' ? ms.toFixed(1) : unit === 'µs' ? ((ms * 1000) / count).toFixed(2) : Math.round((count / ms) * 1000);
  console.log(`${name.padEnd(44)} ${value} ${unit}`);
}

function must(vm: LuaMachine, name: string, ...args: Parameters<LuaMachine['call']>[1] & object): void {
  const out = vm.call(name, args);
  if (out instanceof Promise || !out.ok) throw new Error(`${name}: ${JSON.stringify(out)}`);
}

const engine = await compileLua();
const ten = message({
  a: 'one',
  b: 'two',
  c: 3,
  d: true,
  target: 'x'.repeat(43),
  f: 'six',
  g: 7,
  h: 'eight',
  i: { j: 'k' },
  l: [1, 2, 3],
});

measure('create a machine (network)', 'µs', 500, (n) => {
  for (let i = 0; i < n; i++) engine.create();
});
for (const dialect of ['network', 'standard'] as const) {
  const vm = engine.create({ dialect, functions: { 'ao.event': () => ({ values: ['ok'] }) } });
  vm.load('bench', source);
  vm.bind(['ao'], { event: 'ao.event' });
  console.log(`--- ${dialect}`);
  measure('empty call', 'calls/s', 100_000, (n) => {
    for (let i = 0; i < n; i++) must(vm, 'empty');
  });
  measure('10-key message in and out', 'calls/s', 50_000, (n) => {
    for (let i = 0; i < n; i++) must(vm, 'echo', ten);
  });
  measure('host call', 'calls/s', 200_000, (n) => must(vm, 'host', n));
  measure('fib(30)', 'ms', 1, () => must(vm, 'fib', 30));
  measure('1e5 table operations and pairs', 'ms', 1, () => must(vm, 'tables', 100_000));
  measure('1e5 string operations', 'ms', 1, () => must(vm, 'strings', 100_000));
  if (dialect === 'network') measure('big integers: 5000 additions', 'ms', 1, () => must(vm, 'bigs', 5000));
  let snapshot = vm.snapshot();
  console.log(`image: ${snapshot.pages.length} pages of 4 KiB`);
  measure('call, then snapshot of the changed pages', 'µs', 500, (n) => {
    for (let i = 0; i < n; i++) {
      must(vm, 'transfer', ten);
      snapshot = vm.snapshot(snapshot);
    }
  });
  measure('restore', 'µs', 200, (n) => {
    for (let i = 0; i < n; i++) engine.restore(snapshot);
  });
}
