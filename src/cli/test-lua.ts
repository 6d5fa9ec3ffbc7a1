/**
 * `hyperbeam test`: runs the tests inside Lua scripts. A test is a global function whose name ends in `_test`; it passes if it returns
 * something but an error. Each starts from the same machine, fresh from loading its module, on a node that exists for this run only.
 */
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { sentenceIn } from '../client/reply-error.ts';
import { type AoError, AoException, raise } from '../core/errors.ts';
import { isMessage, message } from '../core/message.ts';
import { isList, type Value } from '../core/value.ts';
import { generateWallet } from '../crypto/wallet.ts';
import { type Node, startNode } from '../node/assemble.ts';
import { parseStrictly } from './arguments.ts';
import { type Command, UsageError } from './command.ts';
import { checkSyntax } from './lua-syntax.ts';
import { configFromArgs } from './options.ts';
import { readLua } from './read-text.ts';

export const testLua: Command = {
  help: () => `hyperbeam test [MODULE[:TEST[:TEST…]],…] [options]

Runs the tests of Lua scripts: global functions whose names end in \`_test\`. One passes if it returns something, such as
\`'ok'\`; it fails if it raises an error or returns \`'error'\` and a reason. Modules are separated by commas; a name that
ends in \`.lua\` is a file, others are in the folder of the scripts. Without tests all of a module run, without modules
all of the folder. Exit code 1 if one fails.

  --scripts DIR    The folder of the scripts; LUA_SCRIPTS, else ./scripts.
  --config FILE    Configuration of the node that \`ao.resolve\` asks; HB_CONFIG. Its store is in memory.`,
  async run(args) {
    const options = { scripts: { type: 'string' }, config: { type: 'string' } } as const;
    const { values, positionals } = parseStrictly('test', args, options);
    if (positionals.length > 1) throw new UsageError('test', `\`${positionals[1]}\` is one argument too many.`);
    const folder = values.scripts ?? process.env['LUA_SCRIPTS'] ?? 'scripts';
    const chosen = chosenTests(positionals[0], folder);
    const here = { 'store-kind': 'memory', host: '127.0.0.1', port: '0', 'log-level': 'silent', workers: '0' };
    const flags = Object.entries(here).flatMap(([name, value]) => [`--${name}`, value]);
    const config = await configFromArgs(
      'test',
      values.config === undefined ? flags : ['--config', values.config, ...flags],
    );
    const node = await startNode(config, { wallet: await generateWallet() });
    let passed = 0;
    let failed = 0;
    try {
      for (const one of chosen) {
        print(one.file);
        const before = passed + failed;
        try {
          for await (const { name, error } of results(node, one)) {
            if (error === undefined) passed++;
            else failed++;
            print(error === undefined ? `  passed  ${name}` : `  failed  ${name}: ${sentenceOf(error)}`);
          }
        } catch (thrown) {
          // A script that doesn't load is no reason to leave out the others.
          if (!(thrown instanceof AoException)) throw thrown;
          failed++;
          print(`  failed  ${sentenceOf(thrown.error)}`);
        }
        if (passed + failed === before)
          print('  no tests: none of its global functions has a name that ends in `_test`');
      }
    } finally {
      await node.close();
    }
    print(`${passed} passed, ${failed} failed.`);
    return failed > 0 ? 1 : 0;
  },
};

/** A module and which of its tests to run: all if none is named. */
export interface Chosen {
  readonly file: string;
  readonly tests: readonly string[];
}

/** What `module:test:test,module` stands for; without it every script of the folder. Throws `not-found` if there is none. */
export function chosenTests(spec: string | undefined, folder: string): readonly Chosen[] {
  if (spec !== undefined) {
    return spec.split(',').map((entry) => {
      const [module = '', ...tests] = entry.trim().split(':');
      return { file: module.endsWith('.lua') ? module : join(folder, `${module}.lua`), tests };
    });
  }
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.lua')) : [];
  if (files.length === 0) raise('not-found', `There are no Lua scripts in ${folder}.`, 'Name a file, or `--scripts`.');
  return files.sort().map((name) => ({ file: join(folder, name), tests: [] }));
}

async function* results(
  node: Node,
  { file, tests }: Chosen,
): AsyncGenerator<{ readonly name: string; readonly error: AoError | undefined }> {
  const ao = node.resolver.ao();
  const source = readLua(file);
  await checkSyntax([{ name: basename(file), source }], 'network');
  const module = message({ 'content-type': 'application/lua', name: basename(file), body: source });
  const loaded = await ao.resolve(message({ device: 'lua@5.3a', module }), 'init');
  if (loaded.status === 'error') throw new AoException(loaded.error);
  const names = tests.length > 0 ? tests : testsAmong(await ao.get(loaded.value, 'functions'));
  for (const name of names) {
    const outcome = await ao.resolve(loaded.value, message({ path: name, parameters: [] }));
    yield { name, error: outcome.status === 'error' ? outcome.error : undefined };
  }
}

function testsAmong(functions: Value | undefined): readonly string[] {
  return (isList(functions ?? '') ? (functions as readonly Value[]) : [])
    .map(String)
    .filter((name) => name.endsWith('_test'));
}

function sentenceOf({ message, hint, value }: AoError): string {
  const sentence = (isMessage(value) ? sentenceIn(value) : undefined) ?? message;
  return hint === undefined ? sentence : `${sentence.replace(/\.$/, '')}. ${hint}`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
