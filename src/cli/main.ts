#!/usr/bin/env node
/** The command line: `hyperbeam <command>`. One file per command; this one only finds it and turns errors into sentences. */
import { availableParallelism } from 'node:os';
import { AoException } from '../core/errors.ts';
import { type Command, UsageError } from './command.ts';

interface Entry {
  readonly name: string;
  /** `spawn [FILE.lua] [options]` */
  readonly usage: string;
  /** One line. */
  readonly summary: string;
  /** Loaded only when it runs: a node is much to load for `wallet`. */
  load(): Promise<Command>;
}

const commands: readonly Entry[] = [
  {
    name: 'start',
    usage: 'start [options]',
    summary: 'Runs a node.',
    load: async () => (await import('./start.ts')).start,
  },
  {
    name: 'spawn',
    usage: 'spawn [FILE.lua] [options]',
    summary: 'Starts a process and prints its id.',
    load: async () => (await import('./spawn.ts')).spawn,
  },
  {
    name: 'send',
    usage: 'send PID [options]',
    summary: 'Sends a message to a process and prints the result.',
    load: async () => (await import('./send.ts')).send,
  },
  {
    name: 'read',
    usage: 'read PATH [options]',
    summary: 'Prints the value at a HyperPATH.',
    load: async () => (await import('./read.ts')).read,
  },
  {
    name: 'console',
    usage: 'console PID [options]',
    summary: 'An interactive prompt on a process.',
    load: async () => (await import('./console.ts')).consoleCommand,
  },
  {
    name: 'watch',
    usage: 'watch PID [options]',
    summary: 'Prints the slots of a process as they come.',
    load: async () => (await import('./watch.ts')).watch,
  },
  {
    name: 'test',
    usage: 'test [MODULE[:TEST…],…]',
    summary: 'Runs the tests of Lua scripts.',
    load: async () => (await import('./test-lua.ts')).testLua,
  },
  {
    name: 'store',
    usage: 'store stats|verify|export|import',
    summary: 'Looks into a store, checks it, copies it out and in.',
    load: async () => (await import('./store.ts')).store,
  },
  {
    name: 'wallet',
    usage: 'wallet [create] [options]',
    summary: 'Shows the address of your key, or makes one.',
    load: async () => (await import('./wallet.ts')).wallet,
  },
  {
    name: 'config',
    usage: 'config explain [options]',
    summary: 'Prints every option, its value and where it came from.',
    load: async () => (await import('./config.ts')).configCommand,
  },
];

async function main(): Promise<number> {
  const [first = 'help', ...rest] = process.argv.slice(2);
  if (first === '--version') {
    print((await import('../node/build.ts')).buildInfo().version);
    return 0;
  }
  const asksForHelp = first === 'help' || first === '--help' || first === '-h';
  if (asksForHelp && rest[0] === undefined) {
    print(overview());
    return 0;
  }
  // `help send` is `send --help`.
  const [name, args] = asksForHelp ? [rest[0]!, ['--help']] : [first, rest];
  const entry = commands.find((one) => one.name === name);
  if (entry === undefined) {
    const { nearestName } = await import('../node/nearest.ts');
    const meant = nearestName(
      name,
      commands.map((one) => one.name),
    );
    printError(
      meant === undefined || name.startsWith('-')
        ? `There is no command \`${name}\`.\n\n${overview()}`
        : `There is no command \`${name}\`. Did you mean \`${meant}\`?\n\`hyperbeam help\` lists all of them.`,
    );
    return 2;
  }
  const command = await entry.load();
  if (args.includes('--help') || args.includes('-h')) {
    print(command.help());
    return 0;
  }
  return command.run(args);
}

function overview(): string {
  const width = Math.max(...commands.map((command) => command.usage.length));
  const lines = commands.map((command) => `  hyperbeam ${command.usage.padEnd(width)}  ${command.summary}`);
  return ['HyperBEAM TS: an AO-Core node.', '', ...lines, '', '`hyperbeam <command> --help` says more.'].join('\n');
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function printError(text: string): void {
  process.stderr.write(`${text}\n`);
}

// Whoever reads our output may stop reading, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

// Signatures are made on Node's pool, which has four threads however many cores there are. It looks at this when it is first used.
process.env['UV_THREADPOOL_SIZE'] ??= String(Math.max(4, availableParallelism()));

try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof AoException) {
    printError(error.error.message + (error.error.hint === undefined ? '' : `\n${error.error.hint}`));
    process.exitCode = 1;
  } else if (error instanceof UsageError) {
    printError(`${error.message}\n\`hyperbeam ${error.command} --help\` says more.`);
    process.exitCode = 2;
  } else {
    // A fault of the system or of ours. What it means is in the sentence; where it came from is for whoever looks for it.
    printError(error instanceof Error ? error.message : String(error));
    if (process.env['HB_TRACE'] !== undefined && error instanceof Error) printError(error.stack ?? '');
    else printError('Set HB_TRACE=1 to see where this came from.');
    process.exitCode = 1;
  }
}
