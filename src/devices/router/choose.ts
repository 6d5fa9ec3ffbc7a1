/**
 * Choosing among the nodes of a route (spec 03 §5.2 "Strategies"). Pure: what is random comes in as a function.
 *
 *   All               every node
 *   Random            uniform, without replacement
 *   By-Weight         weighted by `weight`, without replacement
 *   By-Base           by the base's id: the same base always goes to the same nodes
 *   Nearest           smallest distance on the ring of 2²⁵⁶ between `wallet` and the base's id
 *   Nearest-Integer   smallest distance between `center` and `route-by`
 *   Range             `min` ≤ `route-by` ≤ `max`
 *   Shuffled-X        what X chooses, in random order
 *
 * Names compare without case, `-` like `_`. An unknown one means All.
 */
import { fromBase64 } from '../../core/bytes.ts';
import { float } from '../../core/fields.ts';
import { isMessage } from '../../core/message.ts';
import type { Value } from '../../core/value.ts';

export interface Choice {
  readonly strategy: string;
  readonly count: number;
  /** The base's id as a 256-bit number. */
  readonly base: bigint;
  /** The request's `route-by`. */
  readonly routeBy: number | undefined;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** At most `count` of the nodes, each once. */
export function chooseNodes(nodes: readonly Value[], choice: Choice): readonly Value[] {
  const name = choice.strategy.toLowerCase().replaceAll('_', '-');
  if (name.startsWith('shuffled-')) {
    return shuffle(chooseNodes(nodes, { ...choice, strategy: name.slice('shuffled-'.length) }), choice.random);
  }
  switch (name) {
    case 'random':
      return shuffle(nodes, choice.random).slice(0, choice.count);
    case 'by-weight':
      return byWeight(nodes, choice);
    case 'by-base':
      return byBase(nodes, choice);
    case 'nearest':
      return nearest(nodes, choice, (node) => ringDistance(bigId(field(node, 'wallet')), choice.base));
    case 'nearest-integer':
      return nearest(nodes, choice, (node) => integerDistance(number(node, 'center'), choice.routeBy));
    case 'range':
      return nodes.filter((node) => inRange(node, choice.routeBy)).slice(0, choice.count);
    default:
      return nodes;
  }
}

function shuffle(nodes: readonly Value[], random: () => number): readonly Value[] {
  const out = [...nodes];
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
  return out;
}

function byWeight(nodes: readonly Value[], { count, random }: Choice): readonly Value[] {
  const left = [...nodes];
  const chosen: Value[] = [];
  while (chosen.length < count && left.length > 0) {
    const weights = left.map((node) => Math.max(0, number(node, 'weight') ?? 1));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    let at = random() * total;
    let i = 0;
    while (i < left.length - 1 && at >= weights[i]!) at -= weights[i++]!;
    chosen.push(...left.splice(i, 1));
  }
  return chosen;
}

function byBase(nodes: readonly Value[], { count, base }: Choice): readonly Value[] {
  const left = [...nodes];
  const chosen: Value[] = [];
  while (chosen.length < count && left.length > 0) {
    chosen.push(...left.splice(Number(base % BigInt(left.length)), 1));
  }
  return chosen;
}

function nearest(nodes: readonly Value[], { count }: Choice, distance: (node: Value) => bigint): readonly Value[] {
  return nodes
    .map((node, place) => ({ node, place, far: distance(node) }))
    .sort((a, b) => (a.far < b.far ? -1 : a.far > b.far ? 1 : a.place - b.place))
    .slice(0, count)
    .map(({ node }) => node);
}

const ring = 1n << 256n;

/** Either way round the ring, whichever is shorter. Without a position: farther than anything. */
export function ringDistance(a: bigint | undefined, b: bigint): bigint {
  if (a === undefined) return ring;
  const d = a > b ? a - b : b - a;
  return d < ring - d ? d : ring - d;
}

function integerDistance(center: number | undefined, at: number | undefined): bigint {
  if (center === undefined || at === undefined) return ring;
  return BigInt(Math.round(Math.abs(center - at)));
}

function inRange(node: Value, at: number | undefined): boolean {
  const min = number(node, 'min');
  const max = number(node, 'max');
  return at !== undefined && min !== undefined && max !== undefined && min <= at && at <= max;
}

/** An id or address as a 256-bit number. */
export function bigId(id: Value | undefined): bigint | undefined {
  const bytes = typeof id === 'string' ? fromBase64(id) : id instanceof Uint8Array ? id : undefined;
  return bytes?.length === 32 ? BigInt(`0x${bytes.toHex()}`) : undefined;
}

function field(node: Value, key: string): Value | undefined {
  return isMessage(node) ? node.get(key) : undefined;
}

function number(node: Value, key: string): number | undefined {
  const value = field(node, key);
  if (typeof value === 'string' && /^\d+\.\d+$/.test(value)) return Number(value);
  return value === undefined ? undefined : float.read(value);
}
