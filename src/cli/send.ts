/** `hyperbeam send`: sends a message to a process and prints what came of it. */
import { nodeHelp, readArguments } from './arguments.ts';
import { type Command, UsageError } from './command.ts';
import { signerOf } from './connection.ts';
import { withProgress } from './progress.ts';
import { readBytes } from './read-text.ts';
import { asJson, problem, safeText, shownResult, wantsColour } from './show.ts';

export const send: Command = {
  help: () => `hyperbeam send PID [options]

Signs a message, posts it to the process, waits until its slot is computed and what it sent is delivered, and prints
what the slot shows. An error of the process goes to stderr, with exit code 1.

  --action NAME    The action; the same as --tag Action=NAME.
  --data TEXT      The data.
  --data-file F    The data from a file.
  --tag K=V        A tag; as often as needed. K+integer=V: its value is not text but an integer.
  --json           Everything the slot left behind, as JSON.
${nodeHelp}`,
  async run(args) {
    const text = { type: 'string' } as const;
    const given = readArguments(
      'send',
      args,
      {
        action: text,
        data: text,
        'data-file': text,
        json: { type: 'boolean' },
        tag: { type: 'string', multiple: true },
      },
      { min: 1, max: 1, what: 'the id of a process' },
    );
    const [process] = given.positionals as [string];
    const file = given.text('data-file');
    if (file !== undefined && given.text('data') !== undefined) {
      throw new UsageError('send', 'The data are either `--data` or `--data-file`.');
    }
    const data = file === undefined ? given.text('data') : readBytes(file);
    const action = given.text('action');
    using client = await signerOf('send', given);
    const result = await withProgress(
      client,
      process,
      client.send(process, {
        tags: given.tags,
        ...(action === undefined ? {} : { action }),
        ...(data === undefined ? {} : { data }),
      }),
    );
    const { stdout, stderr } = globalThis.process;
    if (given.flag('json')) stdout.write(`${JSON.stringify(asJson(result.results), undefined, 2)}\n`);
    else {
      const shown = shownResult(result);
      if (shown !== '' && shown !== result.error) stdout.write(`${safeText(shown, wantsColour(stdout))}\n`);
    }
    if (result.error === undefined) return 0;
    stderr.write(`${problem(safeText(result.error, false))}\n`);
    return 1;
  },
};
