/**
 * Data items as scheduler units tell them: JSON that says everything but the type of the signature, and leaves out what is no text. Put
 * together again an item either has the id it claims and a signature that holds, or nobody has said it.
 */
import type { Item } from '../../codecs/ans104/item.ts';
import { lowerCase } from '../../codecs/ans104/tags.ts';
import { toBase64Url } from '../../core/bytes.ts';
import { candidates, genuineItem } from '../../stores/remote/gateway.ts';
import type { GatewayNode } from '../../stores/remote/graphql.ts';

/** An item as JSON tells it, put where it belongs. */
export interface Told {
  readonly node: GatewayNode;
  readonly data: Uint8Array;
}

export function toldItem(told: unknown): Told {
  const tags = field(told, 'tags');
  return {
    node: {
      id: textAt(told, 'id'),
      anchor: textAt(told, 'anchor'),
      signature: textAt(told, 'signature'),
      recipient: textAt(told, 'target') || textAt(told, 'recipient'),
      owner: textAt(field(told, 'owner'), 'key'),
      tags: (Array.isArray(tags) ? tags : []).map((tag: unknown) => ({
        name: textAt(tag, 'name'),
        value: textAt(tag, 'value'),
      })),
      size: undefined,
    },
    data: new TextEncoder().encode(textAt(told, 'data')),
  };
}

/** The item, if it is the one it claims to be. */
export async function verified({ node, data }: Told): Promise<Item | undefined> {
  for (const form of anchorForms(node)) {
    const item = await genuineItem(node.id, form, data);
    if (item !== undefined) return item;
  }
  return undefined;
}

/** What the item may have been. */
export function likely({ node, data }: Told): Item | undefined {
  for (const form of anchorForms(node)) {
    const [item] = candidates(form, data);
    if (item !== undefined) return item;
  }
  return candidates({ ...node, anchor: '' }, data)[0];
}

/** Clients put 32 characters of text into anchors, and units tell them as such. */
function anchorForms(node: GatewayNode): readonly GatewayNode[] {
  if (node.anchor.length !== 32) return [node];
  return [{ ...node, anchor: toBase64Url(new TextEncoder().encode(node.anchor)) }, node];
}

export function tagOf({ node }: Told, name: string): string | undefined {
  return node.tags.find((tag) => lowerCase(tag.name) === lowerCase(name))?.value;
}

export function nonceOf(node: unknown): number | undefined {
  const assigned = toldItem(field(node, 'assignment'));
  const value = tagOf(assigned, 'Nonce') ?? tagOf(assigned, 'Slot');
  return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}

/** A field of JSON that may be anything. */
export function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as { readonly [key: string]: unknown })[key]
    : undefined;
}

function textAt(value: unknown, key: string): string {
  const found = field(value, key);
  return typeof found === 'string' ? found : '';
}
