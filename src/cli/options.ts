/** Flags of the options of a node: parsing them, and listing them for `--help`. All come from `node/options.ts`. */
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { type Config, loadConfig } from '../node/config.ts';
import { nearestName } from '../node/nearest.ts';
import { declarations, type OptionDeclaration } from '../node/options.ts';
import { UsageError } from './command.ts';

/** Flags that take no value when their option is a boolean. */
function flagType(option: OptionDeclaration): 'boolean' | 'string' {
  const standalone = option.schema.safeParse(true).success && !option.schema.safeParse('some text').success;
  return standalone ? 'boolean' : 'string';
}

/** The configuration from flags, environment and files, for `command`; flags that are none are a {@link UsageError}. */
export async function configFromArgs(command: string, args: readonly string[]): Promise<Config> {
  const options: NonNullable<ParseArgsConfig['options']> = { config: { type: 'string' } };
  for (const option of declarations().values()) options[option.flag] = { type: flagType(option) };
  // Not strict: its complaints don't say which name was meant.
  const { values, positionals } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
    allowNegative: true,
  });
  const { config: file, ...given } = values;
  const flags: Record<string, string | boolean> = {};
  const known = declarations();
  for (const [name, value] of Object.entries(given)) {
    if (!(name in options) && !known.has(name)) {
      const meant = nearestName(name, Object.keys(options));
      const negative = value === false ? 'no-' : '';
      const sentence = `There is no option \`--${negative}${name}\`.`;
      throw new UsageError(
        command,
        meant === undefined ? sentence : `${sentence} Did you mean \`--${negative}${meant}\`?`,
      );
    }
    if (value === true && options[name]?.type === 'string') {
      throw new UsageError(command, `\`--${name}\` needs a value.`);
    }
    if (typeof value === 'string' || typeof value === 'boolean') flags[name] = value === false ? 'false' : value;
  }
  if (positionals.length > 0) {
    throw new UsageError(command, `\`${positionals[0]}\` is not an option: they start with \`--\`.`);
  }
  return loadConfig({ env: process.env, flags, ...(typeof file === 'string' ? { file } : {}) });
}

/** All flags with their meaning, by section. */
export function optionHelp(): string {
  const sections = new Map<string, OptionDeclaration[]>();
  for (const option of declarations().values()) {
    sections.set(option.section, [...(sections.get(option.section) ?? []), option]);
  }
  const lines: string[] = [
    '  --config FILE',
    '      A configuration file (HB_CONFIG); `config.flat` or `config.json` if there is one.',
  ];
  for (const [section, options] of sections) {
    lines.push('', `${section}:`);
    for (const option of options) {
      const value = flagType(option) === 'boolean' ? '' : ' VALUE';
      const env = option.env === undefined ? '' : ` (${option.env})`;
      lines.push(`  --${option.flag}${value}`, `      ${option.doc}${env}${defaultOf(option)}`);
    }
  }
  return lines.join('\n');
}

function defaultOf(option: OptionDeclaration): string {
  const result = option.schema.safeParse(undefined);
  if (!result.success || result.data === undefined) return '';
  return ` Default: ${Array.isArray(result.data) ? result.data.join(',') || 'none' : String(result.data)}.`;
}
