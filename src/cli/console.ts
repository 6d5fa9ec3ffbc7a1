/** `hyperbeam console`: an interactive prompt on a process that evaluates Lua (docs/runtime.md). */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { nodeHelp, readArguments } from './arguments.ts';
import type { Command } from './command.ts';
import { signerOf } from './connection.ts';
import { openHistory } from './console/history.ts';
import { Session } from './console/session.ts';

export const consoleCommand: Command = {
  help: () => `hyperbeam console PID [options]

Each line is sent to the process as an Eval; you have to be its owner. A line that is not a whole Lua statement yet is
continued on the next. What other messages make the process print appears as it comes.

  .load FILE       Sends a file, with the modules it requires from beside it.
  .exit            Leaves; so does Ctrl+D. Ctrl+C drops the line, or stops waiting for an answer.
  .help            Lists these.

  --run CODE       Sends this one line, prints the answer, and ends; exit code 1 on an error.
  --history FILE   Where entered lines are kept; ~/.hyperbeam/console-history unless given.
${nodeHelp}`,
  async run(args) {
    const given = readArguments(
      'console',
      args,
      { run: { type: 'string' }, history: { type: 'string' } },
      { min: 1, max: 1, what: 'the id of a process' },
    );
    using client = await signerOf('console', given);
    const [process] = given.positionals as [string];
    const { stdin, stdout, stderr } = globalThis.process;
    const code = given.text('run');
    const interactive = code === undefined && stdin.isTTY === true;
    const history = interactive
      ? openHistory(given.text('history') ?? join(homedir(), '.hyperbeam', 'console-history'))
      : undefined;
    const session = new Session(client, process, { input: stdin, output: stdout, errors: stderr, history });
    // Awaited here: the client is closed on the way out.
    return await (code === undefined ? session.run() : session.once(code));
  },
};
