/**
 * The context a resolution runs in, handed along explicitly: how it is to be done ({@link Mode}), what the whole request has used up
 * ({@link Session}), and which device call it happens inside of ({@link Execution}).
 *
 *     request ─ Execution ── device call ─ Execution ── device call ─ Execution
 *                  └───────────────── one Session ─────────────────────┘
 */
import type { Environment } from '../environment.ts';
import { AoException, raise } from '../errors.ts';
import { fail, failed, type Outcome } from '../outcome.ts';
import type { Resolver } from '../resolver.ts';
import type { Lane } from './lanes.ts';

export interface Mode {
  /** What results remember of how they came to be (spec 01 §2.8). */
  readonly hashpath: 'update' | 'reset' | 'ignore';
  /** The caller's cache settings; `undefined`: the node's own (spec 01 §3.1). */
  readonly cacheControl: readonly string[] | undefined;
  /** Results that aren't messages are wrapped into one (spec 01 §2.7). */
  readonly forceMessage: boolean;
  /** The `step` hook runs after every step. */
  readonly hooks: boolean;
}

/** How devices resolve: nothing cached, nothing recorded (spec 01 §0.3 "internal options"). */
export const internalMode: Mode = { hashpath: 'ignore', cacheControl: [], forceMessage: false, hooks: true };

/** What one request may use, shared by everything it sets in motion. */
export class Session {
  readonly signal: AbortSignal;
  /** A device call may enter a lane that its own caller holds. */
  readonly allowRecursion: boolean;
  /** Whoever asks may have messages of their own signed with the node's key. */
  readonly lendsKey: boolean;
  /** The process whose slot is being computed. */
  readonly process: string | undefined;
  /** When programs have to be done; {@link Ao.deadline}. */
  deadline: number | undefined;
  readonly #maxSteps: number;
  #steps = 0;

  constructor(maxSteps: number, signal: AbortSignal, allowRecursion: boolean, lendsKey: boolean, process?: string) {
    this.#maxSteps = maxSteps;
    this.signal = signal;
    this.allowRecursion = allowRecursion;
    this.lendsKey = lendsKey;
    this.process = process;
  }

  /** Counts one step. Throws `out-of-budget` when there are none left. */
  spend(): void {
    if (++this.#steps > this.#maxSteps) {
      raise('out-of-budget', `The request takes more than ${this.#maxSteps} steps.`, 'Ask for less at once.');
    }
  }
}

export class Execution {
  readonly resolver: Resolver;
  readonly mode: Mode;
  readonly session: Session;
  /** The execution whose device call this one is inside of. */
  readonly parent: Execution | undefined;
  /** The lane that call runs in. */
  readonly lane: Lane | undefined;
  readonly depth: number;
  /** Whether everything that happened inside depended on nothing but messages, so that its result may be kept. */
  pure = true;

  constructor(
    resolver: Resolver,
    mode: Mode,
    session: Session,
    parent: Execution | undefined = undefined,
    lane: Lane | undefined = undefined,
  ) {
    this.resolver = resolver;
    this.mode = mode;
    this.session = session;
    this.parent = parent;
    this.lane = lane;
    this.depth = parent === undefined ? 0 : parent.depth + 1;
  }

  get env(): Environment {
    return this.resolver.env;
  }

  /** The same place in the request, as another resolver sees it: one with fewer devices. */
  by(resolver: Resolver): Execution {
    return new Execution(resolver, this.mode, this.session, this.parent, this.lane);
  }

  /** The same place in the request, resolved in another way. */
  withMode(mode: Mode): Execution {
    const copy = new Execution(this.resolver, mode, this.session, this.parent, this.lane);
    return copy;
  }

  /** The context for what a device does while it handles a call made here. */
  inside(lane: Lane | undefined): Execution {
    if (this.depth >= this.env.limits.maxCallDepth) {
      raise('out-of-budget', `Calls are nested more than ${this.env.limits.maxCallDepth} deep.`);
    }
    const mode = this.mode.hooks ? internalMode : silentMode;
    return new Execution(this.resolver, mode, this.session, this, lane);
  }

  /** Something outside of messages (time, the network, a key) had a part in this. */
  markImpure(): void {
    for (let at: Execution | undefined = this; at?.pure; at = at.parent) at.pure = false;
  }

  /** The lanes held by the calls this happens inside of. */
  holds(lane: Lane): boolean {
    for (let at: Execution | undefined = this; at !== undefined; at = at.parent) if (at.lane === lane) return true;
    return false;
  }
}

/** Inside of a step hook no further step hooks run. */
export const silentMode: Mode = { ...internalMode, hooks: false };

/** What a request that was given up comes to. */
export function cancelled(x: Execution): Outcome {
  const reason = x.session.signal.reason as unknown;
  if (reason instanceof AoException) return failed(reason.error);
  const timedOut = reason instanceof Error && reason.name === 'TimeoutError';
  return timedOut
    ? fail('timeout', 'The request took longer than allowed.')
    : fail('cancelled', 'The caller went away before the work was done.');
}
