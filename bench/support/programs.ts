/** The programs whose slots are computed: each a Lua module and the messages it is sent. */
import { readFileSync } from 'node:fs';
import type { Literal } from './schedule.ts';

export interface Program {
  readonly name: string;
  readonly source: string;
  readonly definition: Literal;
  readonly message: (slot: number) => Literal;
}

const counter = `
function compute(base, request)
  base.count = (base.count or 0) + 1
  return base
end
`;

/** Balances are the program's own; a slot shows the two that it changed. */
const ledger = `
local accounts = 10000
local function account(n) return 'account-' .. string.rep('x', 30) .. n end
Balances = {}
for n = 1, accounts do Balances[account(n)] = 1000000 end
function compute(base, request)
  local body = request.body
  if not body.quantity then return base end
  local from, to = account(body.from), account(body.to)
  local quantity = tonumber(body.quantity)
  if not Balances[from] then Balances[from] = 1000000 end
  if quantity and Balances[from] and Balances[from] >= quantity then
    Balances[from] = Balances[from] - quantity
    Balances[to] = (Balances[to] or 0) + quantity
    base.results = { output = { data = 'transferred' }, balances = { [from] = Balances[from], [to] = Balances[to] } }
  else
    base.results = { output = { data = 'insufficient' } }
  end
  return base
end
`;

const runtime = readFileSync(new URL('../../runtime/dist/runtime.lua', import.meta.url), 'utf8');

export const programs: readonly Program[] = [
  { name: 'counter', source: counter, definition: {}, message: (slot) => ({ action: 'Increment', n: slot }) },
  {
    name: 'ledger of 10,000 accounts',
    source: ledger,
    definition: {},
    message: (slot) => ({
      action: 'Transfer',
      from: String((slot * 7919) % 10_000),
      to: String((slot * 104_729) % 10_000),
      quantity: '7',
    }),
  },
  {
    name: 'Eval on the runtime',
    source: runtime,
    definition: { function: 'compute', name: 'bench' },
    message: (slot) => ({ action: 'Eval', data: `Count = (Count or 0) + ${slot % 10} return Count` }),
  },
];
