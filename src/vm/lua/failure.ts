/**
 * How a Lua call fails. A failure is a value, not an exception: the device that runs Lua turns it into its own error message.
 *
 *   lua-error                 a Lua error nobody caught. `kind` is its family, `value` the thrown value of `error(v)`
 *   lua-syntax                the source did not compile
 *   lua-crash                 the reference's host language fails here; no `pcall` catches it. `message` is the term it fails with
 *   lua-recursive-table       a table that contains itself cannot become a message; not caught by `pcall` either
 *   lua-…-limit               a budget is used up; not caught by `pcall` either
 *   lua-trap                  the sandbox itself gave up (its native stack is full, say): throw the machine away
 */
import type { Value } from '../../core/value.ts';

export type LuaFailureCode =
  | 'lua-error'
  | 'lua-syntax'
  | 'lua-crash'
  | 'lua-recursive-table'
  | 'lua-instruction-limit'
  | 'lua-time-limit'
  | 'lua-memory-limit'
  | 'lua-depth-limit'
  | 'lua-output-limit'
  | 'lua-trap';

/** One frame of the call stack at the moment of the error, innermost first. `line` is absent for library functions. */
export interface LuaFrame {
  /** What the function is called by its caller; empty when unknown. */
  readonly name: string;
  readonly chunk: string;
  readonly line: number | undefined;
  /** A function of a library or of the host. */
  readonly native: boolean;
  /**
   * What it was called with, as far as that is still known: the parameters of a Lua function (their values now), the error value for
   * `error` itself. Tables, functions and long texts only by the name of their type, as atoms.
   */
  readonly args: readonly (Value | undefined)[];
}

export interface LuaFailure {
  readonly code: LuaFailureCode;
  /** Family of the error: `badarith`, `badarg`, `illegal_index`, `undefined_function`, `error`, … */
  readonly kind: string;
  /** What `pcall` would have given for it. */
  readonly message: string;
  /** The thrown value of `error(v)` when it can be a value of a message. */
  readonly value: Value | undefined;
  readonly frames: readonly LuaFrame[];
  /** The error that a host function threw, when that is why. */
  readonly cause?: unknown;
}

/** The first byte of an answer (`native/lua/bridge.c`). */
export const statusCodes: Readonly<Record<number, LuaFailureCode>> = {
  1: 'lua-instruction-limit',
  2: 'lua-time-limit',
  3: 'lua-memory-limit',
  4: 'lua-depth-limit',
  5: 'lua-crash',
  6: 'lua-output-limit',
  7: 'lua-recursive-table',
  254: 'lua-syntax',
  255: 'lua-error',
};
