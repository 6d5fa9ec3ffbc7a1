/** Data items: parsing bundles, items as messages and back, signatures. */

import { ans104 } from '../../src/codecs/ans104/ans104.ts';
import { makeBundle, parseBundle } from '../../src/codecs/ans104/bundle.ts';
import { Item, itemId } from '../../src/codecs/ans104/item.ts';
import { signItem, verifyItem } from '../../src/codecs/ans104/sign-item.ts';
import { tag } from '../../src/codecs/ans104/tags.ts';
import { testWallet } from '../../test/support/cache-world.ts';
import { codecEnvironment } from '../../test/support/codec-environment.ts';
import { type Report, rateAsync, rateSync } from '../harness.ts';

const bundleItems = 10_000;
const tagNames = ['Data-Protocol', 'Type', 'Variant', 'Action', 'From-Process', 'Pushed-For'];

export async function bench(report: Report): Promise<void> {
  const tags = tagNames.map((name) => tag(name, 'some-value-of-usual-length'));
  const item = await signItem({ tags, data: new Uint8Array(200), target: new Uint8Array(32).fill(1) }, testWallet());
  const entries = Array.from({ length: bundleItems }, () => ({ item, id: itemId(item) }));
  const bundle = makeBundle(entries, 'little-endian');
  const copy = rateSync(() => bundle.slice());

  const parse = rateSync(() => parseBundle(bundle, bundleItems)) * bundleItems;
  report.figure({
    name: 'bundle of 10,000 items, headers',
    rate: parse,
    limit: { name: 'copying it', rate: copy * bundleItems },
    goal: { text: '250,000 items/s', met: parse >= 250_000 },
  });
  const withTags = rateSync(() => parseBundle(bundle, bundleItems).items.reduce((n, one) => n + one.tags.length, 0));
  report.figure({ name: 'bundle of 10,000 items, headers and tags', rate: withTags * bundleItems });

  const env = codecEnvironment('2025-11', [ans104]);
  report.figure({ name: 'item to message', rate: rateSync(() => ans104.toTabm(item.bytes, {}, env)) });
  const tabm = await ans104.toTabm(item.bytes, {}, env);
  report.figure({ name: 'message to item', rate: rateSync(() => ans104.fromTabm(tabm, {}, env)) });
  report.figure({ name: 'verify, RSA', rate: await rateAsync(() => verifyItem(new Item(item.bytes)), 4) });
}
