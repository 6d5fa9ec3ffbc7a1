/**
 * Requests per caller. One number per caller is enough (the "generic cell rate algorithm"): the time at which its credit is full again. Each
 * request moves that time on by one interval; a caller whose time lies more than a burst ahead has used its share.
 *
 * Memory is bounded by two generations: callers not seen for as long as it takes to fill one generation twice are forgotten, which at worst
 * gives them a fresh burst.
 */
const maxCallers = 50_000;

export class CallerRate {
  readonly #intervalMs: number;
  readonly #burstMs: number;
  readonly #exempt: ReadonlySet<string>;
  #young = new Map<string, number>();
  #old = new Map<string, number>();

  constructor(perSecond: number, burst: number, exempt: readonly string[]) {
    this.#intervalMs = 1_000 / perSecond;
    this.#burstMs = burst * this.#intervalMs;
    this.#exempt = new Set(exempt);
  }

  /** Whether this caller may make another request at `now` (milliseconds). */
  admits(address: string, now: number): boolean {
    if (this.#exempt.has(address)) return true;
    const caller = callerOf(address);
    const full = Math.max(this.#young.get(caller) ?? this.#old.get(caller) ?? 0, now);
    if (full - now > this.#burstMs - this.#intervalMs) return false;
    if (this.#young.size >= maxCallers) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(caller, full + this.#intervalMs);
    return true;
  }
}

/** One caller is an IPv4 address, or the first half of an IPv6 address: that much is given to a single household. */
function callerOf(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail = ''] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  if (address.includes('::')) {
    const after = tail === '' ? 0 : tail.split(':').length;
    while (groups.length + after < 8) groups.push('0');
  }
  return `${groups.slice(0, 4).join(':')}::/64`;
}
