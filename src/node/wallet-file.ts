/**
 * The node's key on disk: a JWK file, readable by its owner only, made on the first start (spec 03 §1.1). Full and reduced RSA keys,
 * secp256k1 and Ed25519 keys are read.
 */
import { readFileSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { raise } from '../core/errors.ts';
import type { Wallet } from '../core/wallet.ts';
import { generateWallet, walletFromJwk, walletToJwk } from '../crypto/wallet.ts';

/** The wallet in a file; a new RSA-4096 one is made if there is no file and `create` is set. */
export async function openWallet(path: string, create: boolean): Promise<{ wallet: Wallet; created: boolean }> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || !create) {
      raise('no-wallet', `The wallet file ${path} cannot be read.`, {
        hint: 'Check `--wallet`, and that the file is readable.',
        cause: error,
      });
    }
    const wallet = await generateWallet();
    await save(path, JSON.stringify(walletToJwk(wallet)));
    return { wallet, created: true };
  }
  try {
    return { wallet: walletFromJwk(JSON.parse(text)), created: false };
  } catch (cause) {
    return raise('no-wallet', `The wallet file ${path} holds no key this node can use.`, {
      hint: 'It has to be a JWK: RSA 4096, secp256k1 or Ed25519.',
      cause,
    });
  }
}

/** Whole or not at all, and only for the owner's eyes. */
async function save(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
