/** Failures of Lua as errors of the protocol (spec 04 §4.5 "Errors"): status 500, what was thrown, and where. */
import type { ErrorCode } from '../../core/errors.ts';
import { message } from '../../core/message.ts';
import { fail, type Outcome } from '../../core/outcome.ts';
import { atom, UNDEFINED, type Value } from '../../core/value.ts';
import type { LuaFailure, LuaFrame } from '../../vm/lua/failure.ts';

/** Budgets count as such; everything else is the program's own failure. */
const codes: { readonly [code: string]: ErrorCode } = {
  'lua-time-limit': 'timeout',
  'lua-instruction-limit': 'program-budget',
  'lua-memory-limit': 'program-budget',
  'lua-depth-limit': 'program-budget',
  'lua-output-limit': 'program-budget',
};

const hints: { readonly [code: string]: string } = {
  'lua-time-limit': 'Do less in one message, or ask the operator for a higher `slot-time-limit`.',
  'lua-instruction-limit': 'Do less in one message.',
  'lua-memory-limit': 'Keep less, or drop what is no longer needed.',
  'lua-depth-limit': 'Recursion has to end.',
  'lua-output-limit': 'Return less.',
};

/** The same for a stranger's program outside of processes. */
const guestHints: { readonly [code: string]: string } = {
  'lua-time-limit':
    'Outside of processes programs get little time: spawn a process, or ask the operator for a higher `lua-guest-time-limit`.',
  'lua-instruction-limit':
    'Outside of processes programs get few instructions: spawn a process, or ask the operator for a higher `lua-guest-instructions`.',
};

/** The same for a dry run of a process. */
const dryHints: { readonly [code: string]: string } = {
  'lua-time-limit':
    'A dry run gets little time: schedule the message, or ask the operator for a higher `dry-run-time-limit`.',
  'lua-instruction-limit':
    'A dry run gets few instructions: schedule the message, or ask the operator for a higher `lua-guest-instructions`.',
};

/** What is known of the call beside its failure. */
export interface Called {
  /** Name of the function that was asked for: frames don't know what the host called them by. */
  readonly called?: string;
  /** What stands under that name if it is no function: text in a sandbox, nothing otherwise. */
  readonly was?: Value | undefined;
  /** The module that was being loaded. */
  readonly loading?: string;
  /** It was a stranger's program, outside of processes. */
  readonly guest?: boolean;
  /** It was a dry run of a process. */
  readonly dry?: boolean;
}

export function failureOutcome(
  failure: LuaFailure,
  { called, was, loading, guest = false, dry = false }: Called = {},
): Outcome {
  const code = codes[failure.code] ?? 'program-failed';
  const special = guest ? guestHints : dry ? dryHints : {};
  const hint = special[failure.code] ?? hints[failure.code] ?? hintFor(failure, called, loading);
  const prefix = loading === undefined ? '' : `The Lua module \`${loading}\` does not load: `;
  const host = failure.code === 'lua-crash' || failure.code === 'lua-recursive-table';
  const body: Value = host ? `Erlang error while running Lua: ${failure.message}` : (failure.value ?? failure.message);
  const trace: Value = host ? failure.message : traceOf(failure, called, was);
  return fail(code, `${prefix}${failure.message}`, {
    ...(hint === undefined ? {} : { hint }),
    status: 500,
    value: message({ status: 500, body, trace }),
    cause: failure.cause,
  });
}

/** What the dialect's own words leave open. */
function hintFor({ frames, kind }: LuaFailure, called: string | undefined, loading: string | undefined) {
  if (loading !== undefined) return `Correct the Lua module \`${loading}\`.`;
  if (kind === 'undefined_function' && frames.length === 0) return `The program has no global function \`${called}\`.`;
  return undefined;
}

function traceOf({ frames, kind }: LuaFailure, called: string | undefined, was: Value | undefined): readonly Value[] {
  if (frames.length === 0 && kind === 'undefined_function') {
    return [message({ function: was ?? atom('nil'), line: '-no-file-:1' })];
  }
  return frames.map((one, i) =>
    frame(i === frames.length - 1 && one.name === '' ? { ...one, name: called ?? '' } : one),
  );
}

function frame({ name, chunk, line, args }: LuaFrame): Value {
  return message({
    function: name === '' ? UNDEFINED : name,
    line: line === undefined ? undefined : `${chunk}:${line}`,
    parameters: args.length === 0 ? undefined : args.map((arg) => arg ?? atom('nil')),
  });
}
