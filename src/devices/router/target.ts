/**
 * Where a routed message goes (spec 03 §5.2 "route(message)"): the address a node record makes of the path.
 *
 *     {prefix: https://a}            https://a + path
 *     {suffix: /x}                   path + /x
 *     {match: ^/arweave, with: https://arweave.net}      every match of the expression replaced; \1 … are what its groups matched
 *     {uri: …}                       as it is
 */
import { isBinary, toText } from '../../core/bytes.ts';
import { raise } from '../../core/errors.ts';
import { integer, text } from '../../core/fields.ts';
import { isMessage, type Message, message } from '../../core/message.ts';
import { isList, type Value } from '../../core/value.ts';
import { asMessage } from '../plain.ts';
import { bigId, chooseNodes } from './choose.ts';

export interface RoutedRequest {
  readonly path: string;
  readonly routeBy: number | undefined;
  readonly sha256: (bytes: Uint8Array) => Uint8Array;
  readonly random: () => number;
}

/** The target of a matched route: an address, `{uri, opts}`, or the route with several nodes. `undefined` if no node is left. */
export function routeTarget(route: Message, asked: RoutedRequest): Value | undefined {
  const single = route.get('node');
  if (isBinary(single)) return single;
  if (isMessage(single)) return endpoint(single, asked.path);
  const nodes = asMessage(route.get('nodes'));
  const listed = nodes === undefined ? [] : nodes.keys().filter((key) => /^\d+$/.test(key));
  const all = listed.sort((a, b) => Number(a) - Number(b)).map((key) => nodes!.get(key)!);
  const strategy = text.read(route.get('strategy') ?? 'All') ?? 'All';
  if (strategy.toLowerCase() === 'all') return all.length === 0 ? undefined : withNodes(route, all, asked.path);
  const count = Math.min(all.length, integer.read(route.get('choose') ?? 1) ?? 1);
  const chosen = chooseNodes(all, { ...asked, strategy, count, base: baseNumber(asked) });
  if (chosen.length === 0) return undefined;
  if (chosen.length > 1) return withNodes(route, chosen, asked.path);
  const only = chosen[0]!;
  return isMessage(only) ? endpoint(only, asked.path) : only;
}

/** The address as text, for callers that talk to one node. */
export function targetUri(target: Value | undefined): string | undefined {
  if (isBinary(target)) return toText(target);
  const uri = isMessage(target) ? target.get('uri') : undefined;
  return isBinary(uri) ? toText(uri) : undefined;
}

function withNodes(route: Message, nodes: readonly Value[], path: string): Message {
  return route.with(
    'nodes',
    nodes.map((node) => (isMessage(node) ? node.withAll(endpoint(node, path).entries()) : node)),
  );
}

function endpoint(node: Message, path: string): Message {
  const opts = node.get('opts');
  return message({ uri: uriOf(node, path), opts: isMessage(opts) || isList(opts) ? opts : message({}) });
}

function uriOf(node: Message, path: string): string {
  const read = (key: string): string | undefined => {
    const value = node.get(key);
    return isBinary(value) ? toText(value) : undefined;
  };
  const slashed = path.startsWith('/') ? path : `/${path}`;
  const uri = read('uri');
  if (uri !== undefined) return uri;
  const prefix = read('prefix');
  if (prefix !== undefined) return `${prefix}${slashed}`;
  const suffix = read('suffix');
  if (suffix !== undefined) return `${path}${suffix}`;
  const expression = read('match');
  if (expression !== undefined) return replaced(slashed, expression, read('with') ?? '');
  raise('bad-request', 'A node of a route needs `prefix`, `suffix`, `match` and `with`, or `uri`.');
}

/** Global replacement with the references of the network's configuration files, `\1` for JavaScript's `$1`. */
function replaced(path: string, expression: string, replacement: string): string {
  try {
    const native = replacement
      .replaceAll('$', '$$$$')
      .replace(/\\(\d|g\{\d+\})/g, (_, n: string) => `$${n.replace(/\D/g, '')}`);
    return path.replace(new RegExp(expression, 'g'), native.replaceAll('\\&', '$&'));
  } catch {
    raise('bad-request', `The route's expression \`${expression}\` is not valid.`);
  }
}

/** The id that the path begins with, or the hash of its first part, as a number. */
function baseNumber({ path, sha256 }: RoutedRequest): bigint {
  const [first = ''] = path.split('/').filter((part) => part !== '');
  const name = bigId(first) === undefined ? first.split(/[~?&]/)[0]! : first;
  return bigId(name) ?? BigInt(`0x${sha256(new TextEncoder().encode(first)).toHex()}`);
}
