/** The wallets a node may act with (spec 03 §3.7): its own, and those the option `identities` names a key file for. */
import { raise } from '../core/errors.ts';
import { isMessage, type Message } from '../core/message.ts';
import type { Wallet } from '../core/wallet.ts';
import { openWallet } from './wallet-file.ts';

/** By address and by name; the node's own as `default`. */
export async function openIdentities(named: Message | undefined, own: Wallet): Promise<ReadonlyMap<string, Wallet>> {
  const wallets = new Map<string, Wallet>([
    ['default', own],
    [own.address, own],
  ]);
  for (const [name, entry] of named?.entries() ?? []) {
    const location = isMessage(entry) ? (entry.get('priv-key-location') ?? entry.get('priv_key_location')) : undefined;
    if (typeof location !== 'string') {
      raise('bad-request', `The identity \`${name}\` names no key.`, 'Give it a `priv-key-location`.');
    }
    const { wallet } = await openWallet(location, false);
    wallets.set(name, wallet);
    wallets.set(wallet.address, wallet);
  }
  return wallets;
}
