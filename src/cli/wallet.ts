/** `hyperbeam wallet`: shows the address of the caller's key, or makes one. */
import { existsSync } from 'node:fs';
import { raise } from '../core/errors.ts';
import { openWallet } from '../node/wallet-file.ts';
import { readArguments, walletPath } from './arguments.ts';
import { type Command, UsageError } from './command.ts';

export const wallet: Command = {
  help: () => `hyperbeam wallet [options]
hyperbeam wallet create [options]

Prints the address of the key that signs your messages. \`create\` makes a new one (RSA 4096) where there is none.

  --wallet FILE    The key; HB_KEY, else the key in the data directory.
  --data-dir DIR   Where that key is; HB_DATA_DIR, else ./data.`,
  async run(args) {
    const given = readArguments('wallet', args, {}, { min: 0, max: 1, what: 'nothing or `create`' });
    const [what] = given.positionals;
    if (what !== undefined && what !== 'create') throw new UsageError('wallet', `There is no \`wallet ${what}\`.`);
    const path = walletPath(given);
    if (what === 'create' && existsSync(path)) {
      raise('conflict', `There is a key at ${path} already.`, 'Name another file with `--wallet`.');
    }
    if (what === undefined && !existsSync(path)) {
      raise(
        'no-wallet',
        `There is no key at ${path}.`,
        '`hyperbeam wallet create` makes one; `--wallet FILE` names another.',
      );
    }
    const { wallet: opened } = await openWallet(path, what === 'create');
    process.stdout.write(`${opened.address}\n`);
    return 0;
  },
};
