/** The node that the arguments of a command name, and the caller's key. */
import { NodeClient } from '../client/node-client.ts';
import type { Signing } from '../client/signed-request.ts';
import { raise } from '../core/errors.ts';
import type { Wallet } from '../core/wallet.ts';
import { openWallet } from '../node/wallet-file.ts';
import { type Arguments, walletPath } from './arguments.ts';
import { UsageError } from './command.ts';

/** The node that the arguments name, without a key: for reading. */
export function readerOf(command: string, given: Arguments): NodeClient {
  return clientOf(command, given, undefined);
}

/** The node that the arguments name, with the caller's key. */
export async function signerOf(command: string, given: Arguments): Promise<NodeClient> {
  const path = walletPath(given);
  try {
    return clientOf(command, given, (await openWallet(path, false)).wallet);
  } catch (cause) {
    if (!isMissing(cause)) throw cause;
    return raise('no-wallet', `There is no key at ${path}.`, {
      hint: '`hyperbeam wallet create` makes one; `--wallet FILE` names another.',
      cause,
    });
  }
}

function isMissing(thrown: unknown): boolean {
  const cause = (thrown as { error?: { cause?: unknown } } | null)?.error?.cause;
  return (cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
}

function clientOf(command: string, given: Arguments, wallet: Wallet | undefined): NodeClient {
  const url = given.text('node') ?? process.env['HB_NODE'] ?? 'http://localhost:8734';
  const seconds = Number(given.text('timeout') ?? 300);
  if (!(seconds > 0)) throw new UsageError(command, '`--timeout` is a number of seconds.');
  return new NodeClient({
    url: url.includes('://') ? url : `http://${url}`,
    timeoutMs: Math.min(Math.ceil(seconds * 1_000), 2 ** 31 - 1),
    signing: signingOf(command, given.text('signing')),
    ...(wallet === undefined ? {} : { wallet }),
  });
}

function signingOf(command: string, given = 'ans104'): Signing {
  const name = given.includes('@') ? given : `${given}@1.0`;
  if (name === 'ans104@1.0' || name === 'httpsig@1.0') return name;
  throw new UsageError(command, `\`--signing\` is \`ans104\` or \`httpsig\`, not \`${given}\`.`);
}
