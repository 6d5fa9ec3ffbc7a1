/** `hyperbeam spawn`: starts a process. Without a file it runs the process runtime (docs/runtime.md). */
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NodeClient, Tags } from '../client/node-client.ts';
import { nodeHelp, readArguments } from './arguments.ts';
import { type Command, UsageError } from './command.ts';
import { signerOf } from './connection.ts';
import { bundleLua, readProgram } from './lua-bundle.ts';
import { checkSyntax } from './lua-syntax.ts';
import { withProgress } from './progress.ts';
import { readLua } from './read-text.ts';
import { problem, safeText } from './show.ts';

export const spawn: Command = {
  help: () => `hyperbeam spawn [FILE.lua] [options]

Starts a process and prints its id. With FILE.lua, that is the module: its global function \`compute(base, request, opts)\`
handles every message. Without one the process runs the runtime of docs/runtime.md: Handlers, Send, Inbox, Eval.

  --ledger         Instead of a file: the token ledger of docs/ledger.md.
  --name NAME      The name of the process.
  --tag K=V        A tag of its definition; as often as needed. Replaces the ones made here.
  --data TEXT      The data of the definition.
  --load FILE.lua  Without a module: code that the runtime runs at the start, with what it requires from beside it.
  --scheduler ID   Who orders its messages; the node unless given.
  --authority ID   Who may speak for other processes; the scheduler unless given.
${nodeHelp}`,
  async run(args) {
    const text = { type: 'string' } as const;
    const given = readArguments(
      'spawn',
      args,
      {
        ledger: { type: 'boolean' },
        name: text,
        data: text,
        load: text,
        scheduler: text,
        authority: text,
        tag: { type: 'string', multiple: true },
      },
      { min: 0, max: 1, what: 'nothing or a file' },
    );
    if (given.flag('ledger') && given.positionals.length > 0) {
      throw new UsageError('spawn', 'A process runs FILE.lua or, with `--ledger`, the ledger.');
    }
    const file = given.flag('ledger') ? ledgerFile : given.positionals[0];
    const load = given.text('load');
    if (load !== undefined && (file !== undefined || given.text('data') !== undefined)) {
      throw new UsageError(
        'spawn',
        '`--load` is for a process of the runtime: without FILE.lua, `--ledger` and `--data`.',
      );
    }
    using client = await signerOf('spawn', given);
    const program = load === undefined ? undefined : readProgram(load);
    const module = given.positionals[0];
    const files = [
      ...(module === undefined ? [] : [{ name: basename(module), source: readLua(module) }]),
      ...(program === undefined ? [] : [program.main, ...program.modules.values()]),
    ];
    const dialect = tagOf(given.tags, 'lua-dialect') ?? (file === undefined ? 'standard' : 'network');
    if (files.length > 0) await checkSyntax(files, dialect === 'standard' ? 'standard' : 'network');
    const named = tagOf(given.tags, 'module') === undefined ? await moduleOf(client, file) : undefined;
    const data = program === undefined ? given.text('data') : bundleLua(program);
    const tags: Tags = {
      'execution-device': 'lua@5.3a',
      function: 'compute',
      // A loop without an end, typed into the console, must not be the end of the process. What is in FILE.lua decides for itself.
      ...(given.positionals.length === 0 ? { 'on-failure': 'skip' } : {}),
      // The runtime itself asks what it may take that was meant for others (`ao.addAssignable`); other modules may not.
      ...(file === undefined ? { 'lua-dialect': 'standard', assignable: 'true' } : {}),
      ...(given.text('name') === undefined ? {} : { Name: given.text('name')! }),
      ...(load === undefined ? {} : { 'On-Boot': 'Data' }),
    };
    const scheduler = given.text('scheduler');
    const authority = given.text('authority');
    const process = await client.spawn({
      tags: { ...withoutTags(tags, given.tags), ...given.tags },
      ...(named === undefined ? {} : { module: named }),
      ...(data === undefined ? {} : { data }),
      ...(scheduler === undefined ? {} : { scheduler }),
      ...(authority === undefined ? {} : { authority }),
    });
    globalThis.process.stdout.write(`${process}\n`);
    if (load === undefined) return 0;
    const { error } = await withProgress(client, process, client.result(process, 0));
    if (error === undefined) return 0;
    globalThis.process.stderr.write(`${problem(safeText(error, false))}\nThe process is there, without ${load}.\n`);
    return 1;
  },
};

const runtimeFile = fileURLToPath(new URL('../../runtime/dist/runtime.lua', import.meta.url));
const ledgerFile = fileURLToPath(new URL('../../runtime/dist/ledger.lua', import.meta.url));

function moduleOf(client: NodeClient, file: string | undefined): Promise<string> {
  const name = file === undefined ? 'runtime' : basename(file);
  return client.upload({
    tags: { 'Data-Protocol': 'ao', Type: 'Module', 'Content-Type': 'application/lua', Name: name },
    data: readLua(file ?? runtimeFile),
  });
}

function tagOf(tags: Tags, wanted: string): string | undefined {
  return Object.entries(tags).find(([name]) => name.toLowerCase() === wanted)?.[1];
}

function withoutTags(tags: Tags, replaced: Tags): Tags {
  return Object.fromEntries(Object.entries(tags).filter(([name]) => tagOf(replaced, name.toLowerCase()) === undefined));
}
