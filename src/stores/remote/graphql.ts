/** The one query a node asks a gateway, and reading its answer, which may be anything. */
import { toText } from '../../core/bytes.ts';
import { raise } from '../../core/errors.ts';

/** What a gateway knows of an item or transaction, apart from its data. Missing text is empty. */
export interface GatewayNode {
  readonly id: string;
  readonly anchor: string;
  readonly signature: string;
  readonly recipient: string;
  readonly owner: string;
  readonly tags: readonly { readonly name: string; readonly value: string }[];
  /** Bytes of data; `undefined` if the gateway doesn't say. */
  readonly size: number | undefined;
}

const fields =
  'id anchor signature recipient owner { key } fee { winston } quantity { winston } tags { name value } data { size }';

export function itemQuery(id: string, subindex: readonly { readonly name: string; readonly value: string }[]): object {
  const tags = subindex.map(
    ({ name, value }) => `{ name: ${JSON.stringify(name)}, values: [${JSON.stringify(value)}] }`,
  );
  const filter = tags.length === 0 ? '' : `tags: [${tags.join(', ')}], `;
  return {
    query: `query($transactionIds: [ID!]!) { transactions(ids: $transactionIds, ${filter}first: 1){ edges { node { ${fields} } cursor } } }`,
    variables: { transactionIds: [id] },
  };
}

/** The first result of an answer, `undefined` if there is none. Throws `peer-failed` for what is no answer. */
export function parseAnswer(body: Uint8Array): GatewayNode | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(toText(body) ?? '');
  } catch {
    return raise('peer-failed', 'The gateway\u2019s answer is not JSON.');
  }
  const transactions = at(at(answer, 'data'), 'transactions');
  const edges = at(transactions, 'edges');
  if (!Array.isArray(edges)) return raise('peer-failed', 'The gateway could not answer the query.');
  const node = at(edges[0], 'node');
  if (typeof node !== 'object' || node === null) return undefined;
  const size = Number(at(at(node, 'data'), 'size') ?? Number.NaN);
  const tags = at(node, 'tags');
  return {
    id: text(at(node, 'id')),
    anchor: text(at(node, 'anchor')),
    signature: text(at(node, 'signature')),
    recipient: text(at(node, 'recipient') ?? at(node, 'target')),
    owner: text(at(at(node, 'owner'), 'key')),
    tags: (Array.isArray(tags) ? tags : []).map((tag: unknown) => ({
      name: text(at(tag, 'name')),
      value: text(at(tag, 'value')),
    })),
    size: Number.isSafeInteger(size) ? size : undefined,
  };
}

/** A key of something that may not be an object, and that may have it only by inheritance. */
function at(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as { readonly [key: string]: unknown })[key]
    : undefined;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
