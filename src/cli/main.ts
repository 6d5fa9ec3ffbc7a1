#!/usr/bin/env node
/** The command line: `hyperbeam <command>`. One file per command; this one only finds it and turns errors into sentences. */
import { AoException } from '../core/errors.ts';
import { type Command, UsageError } from './command.ts';
import { configCommand } from './config.ts';
import { consoleCommand } from './console.ts';
import { read } from './read.ts';
import { send } from './send.ts';
import { spawn } from './spawn.ts';
import { start } from './start.ts';
import { store } from './store.ts';
import { wallet } from './wallet.ts';
import { watch } from './watch.ts';

const commands: readonly Command[] = [start, spawn, send, read, consoleCommand, watch, store, wallet, configCommand];

async function main(): Promise<number> {
  const [name = 'help', ...args] = process.argv.slice(2);
  if (name === 'help' || name === '--help' || name === '-h') {
    print(overview());
    return 0;
  }
  const command = commands.find((one) => one.name === name);
  if (command === undefined) {
    printError(`There is no command \`${name}\`.\n\n${overview()}`);
    return 2;
  }
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

try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof AoException) {
    printError(error.error.message + (error.error.hint === undefined ? '' : `\n${error.error.hint}`));
    process.exitCode = 1;
  } else if (error instanceof UsageError) {
    printError(`${error.message}\n\`hyperbeam ${error.command} --help\` says more.`);
    process.exitCode = 2;
  } else if (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    error.code.startsWith('ERR_PARSE_ARGS')
  ) {
    printError(error.message);
    process.exitCode = 2;
  } else {
    // A fault of the system or of ours. What it means is in the sentence; where it came from is for whoever looks for it.
    printError(error instanceof Error ? error.message : String(error));
    if (process.env['HB_TRACE'] !== undefined && error instanceof Error) printError(error.stack ?? '');
    else printError('Set HB_TRACE=1 to see where this came from.');
    process.exitCode = 1;
  }
}
