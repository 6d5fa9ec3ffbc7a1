/** `hyperbeam config explain`: every option, its value and where that came from. */
import { shownOption } from '../node/option-value.ts';
import { declarations } from '../node/options.ts';
import { type Command, UsageError } from './command.ts';
import { configFromArgs, optionHelp } from './options.ts';

export const configCommand: Command = {
  help: () =>
    `hyperbeam config explain [options]\n\nTakes the same options as \`start\` and starts nothing.\n\n${optionHelp()}`,
  async run(args) {
    const [what, ...rest] = args;
    if (what === undefined) throw new UsageError('config', '`config` needs `explain`.');
    if (what !== 'explain') throw new UsageError('config', `There is no \`config ${what}\`.`);
    const config = await configFromArgs('config', rest);
    for (const option of declarations().values()) {
      const setting = config.settings.get(option.name);
      const value = setting === undefined ? '(not set)' : shownOption(setting.value);
      process.stdout.write(`${option.name} = ${value}\n    ${setting?.source ?? 'default'}. ${option.doc}\n`);
    }
    for (const name of config.ignored) process.stdout.write(`${name}: has no meaning for this node\n`);
    return 0;
  },
};
