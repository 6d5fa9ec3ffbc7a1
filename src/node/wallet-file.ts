/**
 * The node's key on disk: a JWK file, readable by its owner only, made on the first start (spec 03 §1.1). Full and reduced RSA keys,
 * secp256k1 and Ed25519 keys are read. A key that is there is never written over, whoever makes one at the same time.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { raise } from '../core/errors.ts';
import type { Wallet } from '../core/wallet.ts';
import { generateWallet, walletFromJwk, walletToJwk } from '../crypto/wallet.ts';
import { syncDirectory } from '../stores/blob-files.ts';

/** The wallet in a file; a new RSA-4096 one is made if there is no file and `create` is set. */
export async function openWallet(path: string, create: boolean): Promise<{ wallet: Wallet; created: boolean }> {
  const found = readWallet(path, create);
  if (found !== undefined) return { wallet: found, created: false };
  const wallet = await generateWallet();
  if (await save(path, JSON.stringify(walletToJwk(wallet)))) return { wallet, created: true };
  return { wallet: readWallet(path, false)!, created: false };
}

/** The wallet in a file. `mayLack`: `undefined` if there is no file. */
function readWallet(path: string, mayLack: boolean): Wallet | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT' && mayLack) return undefined;
    return raise('no-wallet', `The wallet file ${path} cannot be read.`, {
      hint: 'Check `--wallet`, and that the file is readable.',
      cause,
    });
  }
  try {
    return walletFromJwk(JSON.parse(text));
  } catch (cause) {
    return raise('no-wallet', `The wallet file ${path} holds no key this node can use.`, {
      hint: 'It has to be a JWK: RSA 4096, secp256k1 or Ed25519.',
      cause,
    });
  }
}

/** Whole or not at all, for good, and only for the owner's eyes; whether there was none before. */
async function save(path: string, text: string): Promise<boolean> {
  const directory = dirname(path);
  await mkdir(directory, { recursive: true });
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    if (!(await put(temporary, path))) return false;
    await syncDirectory(directory);
    return true;
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Gives a file its name, if nobody has that. */
async function put(temporary: string, path: string): Promise<boolean> {
  try {
    await link(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    // A disk that knows no links.
    await rename(temporary, path);
  }
  return true;
}
