/** `docs/config.md`, made from the declarations in `src/node/options.ts`: every option, its flag, variable, default and meaning. */
import * as z from 'zod';
import { declarations, ignoredOptions, type OptionDeclaration } from '../src/node/options.ts';

const intro = `# Options of a node

Made from the code by \`npm run docs\`; do not edit.

Every option can be given as a flag (\`hyperbeam start --port 9000\`), in a configuration file (\`{"port": 9000}\` in \`config.json\`,
\`port: 9000\` in \`config.flat\`; \`_\` and capitals in names are read as well) and, where one is named, by an environment variable. Flags win over
files, files over variables. \`hyperbeam config explain\` prints each value and where it came from; [operating.md](operating.md) tells which
of them matter when.

Options marked *live* take effect at once when the operator changes them over \`POST /~meta@1.0/info\`; the others are read at the start,
and a change that has a new value for one of them is refused.
`;

export function configReference(): string {
  const sections = new Map<string, OptionDeclaration[]>();
  for (const option of declarations().values()) {
    sections.set(option.section, [...(sections.get(option.section) ?? []), option]);
  }
  const parts = [...sections].map(([section, options]) =>
    [
      `## ${titles.get(section) ?? `\`${section}\``}`,
      '',
      '| Option | Default | Meaning |',
      '| --- | --- | --- |',
      ...options.map(row),
      '',
    ].join('\n'),
  );
  const ignored = [...ignoredOptions].sort().map((name) => `\`${name}\``);
  return [
    intro,
    ...parts,
    '## Accepted without effect',
    '',
    'Options of the Erlang node that mean nothing here; its configuration files can be used as they are.',
    '',
    `${ignored.join(', ')}.`,
    '',
  ].join('\n');
}

const titles: ReadonlyMap<string, string> = new Map([
  ['node', 'The node'],
  ['http', 'HTTP'],
  ['requests to others', 'Requests to others'],
]);

function row(option: OptionDeclaration): string {
  const flag = option.flag === option.name ? '' : `, flag \`--${option.flag}\``;
  const env = option.env === undefined ? '' : `, \`${option.env}\``;
  const live = option.live ? ' *live*' : '';
  return `| \`${option.name}\`${flag}${env} | ${defaultOf(option)} | ${cell(option.doc)}${choices(option)}${live} |`;
}

function defaultOf({ schema }: OptionDeclaration): string {
  const result = schema.safeParse(undefined);
  if (!result.success || result.data === undefined) return '';
  const { data } = result;
  if (Array.isArray(data)) return data.length === 0 ? 'none' : `\`${data.join(',')}\``;
  return `\`${cell(typeof data === 'object' ? JSON.stringify(data) : String(data))}\``;
}

function choices({ schema }: OptionDeclaration): string {
  let inner: unknown = schema;
  while (inner instanceof z.ZodDefault || inner instanceof z.ZodOptional) inner = inner.unwrap();
  return inner instanceof z.ZodEnum ? ` One of ${inner.options.map((one) => `\`${one}\``).join(', ')}.` : '';
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
