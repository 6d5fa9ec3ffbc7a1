/** `hyperbeam start`: runs a node until it is told to stop. */
import { startNode } from '../node/assemble.ts';
import type { Config } from '../node/config.ts';
import { shownOption } from '../node/option-value.ts';
import type { Command } from './command.ts';
import { configFromArgs, optionHelp } from './options.ts';

export const start: Command = {
  help: () => `hyperbeam start [options]\n\nRuns a node until it gets SIGINT or SIGTERM.\n\n${optionHelp()}`,
  async run(args) {
    const config = await configFromArgs('start', args);
    const node = await startNode(config);
    process.stdout.write(banner(node.url, node.address, node.walletCreated, config));
    await stopSignal();
    process.stdout.write('Stopping: finishing what is under way. Press Ctrl+C again to stop at once.\n');
    process.once('SIGINT', () => process.exit(130));
    process.on('SIGTERM', () => undefined);
    await node.close();
    return 0;
  },
};

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
}

/** What an operator wants to see first: where the node is, who operates it, and what differs from the defaults. */
function banner(url: string, address: string, walletCreated: boolean, config: Config): string {
  const line = '='.repeat(72);
  const changed = [...config.settings.values()].filter(({ source }) => source !== 'default');
  const width = Math.max(0, ...changed.map(({ name }) => name.length));
  return [
    line,
    '  HyperBEAM TS',
    `  Node activate at: ${url}`,
    `  Operator:         ${address}${walletCreated ? '  (a new wallet)' : ''}`,
    `  Data:             ${String(config.settings.get('data-dir')?.value)}`,
    '  Config:',
    ...(changed.length === 0
      ? ['    all defaults; `hyperbeam config explain` lists them']
      : changed.map(({ name, value, source }) => `    ${name.padEnd(width)}  ${shownOption(value)}  (${source})`)),
    ...config.ignored.map((name) => `    ${name}: has no meaning for this node`),
    line,
    '',
  ].join('\n');
}
