/** `hyperbeam read`: the value at a HyperPATH. */
import { isBinary, toBytes, toText } from '../core/bytes.ts';
import { isMessage } from '../core/message.ts';
import { nodeHelp, readArguments } from './arguments.ts';
import type { Command } from './command.ts';
import { readerOf } from './connection.ts';
import { asJson, safeText, shown, wantsColour } from './show.ts';

export const read: Command = {
  help: () => `hyperbeam read PATH [options]

Prints the value at a path of a node: \`read /~meta@1.0/info/address\`, \`read PID~process@1.0/now/cache/supply\`.
Messages are printed key by key, without their commitments.

  --json           As JSON.
  --all            Commitments and types too.
${nodeHelp}`,
  async run(args) {
    const given = readArguments(
      'read',
      args,
      { json: { type: 'boolean' }, all: { type: 'boolean' } },
      { min: 1, max: 1, what: 'a path' },
    );
    using client = readerOf('read', given);
    const answer = await client.read(given.positionals[0]!);
    // Nodes add the status of the answer to every message.
    const plain = !given.flag('all') && isMessage(answer) && answer.get('status') === 200;
    const value = plain ? answer.without('status') : answer;
    const options = { all: given.flag('all') };
    const { stdout } = globalThis.process;
    if (given.flag('json')) stdout.write(`${JSON.stringify(asJson(value, options), undefined, 2)}\n`);
    else if (!isBinary(value)) stdout.write(`${shown(value, options)}\n`);
    else if (stdout.isTTY) stdout.write(`${safeText(shown(value), wantsColour(stdout))}\n`);
    else if (toText(value) === undefined) stdout.write(toBytes(value));
    else stdout.write(`${toText(value)}\n`);
    return 0;
  },
};
