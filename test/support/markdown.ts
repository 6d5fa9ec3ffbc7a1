/**
 * Code blocks of the guides in docs/, so that tests can run them.
 *
 *     ```ts name=greeter.ts        language `ts`, attribute `name`
 *     ```
 */
import { readFileSync } from 'node:fs';

export interface CodeBlock {
  readonly language: string;
  /** What stands behind the language, `name=value` each. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly text: string;
  /** The line of its first line of code, counted from 1. */
  readonly line: number;
}

/** The fenced blocks of a file, its path below the project's folder, from first to last. */
export function codeBlocks(path: string): readonly CodeBlock[] {
  const markdown = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
  return [...markdown.matchAll(/^```(\S+)([^\n]*)\n([\s\S]*?)^```$/gm)].map((found) => ({
    language: found[1]!,
    attributes: new Map([...found[2]!.matchAll(/(\S+)=(\S+)/g)].map((pair) => [pair[1]!, pair[2]!])),
    text: found[3]!,
    line: markdown.slice(0, found.index).split('\n').length + 1,
  }));
}

/** The commands of a `console` block: what follows `$ ` at the start of a line, each with the output shown below it. */
export function commandsOf(block: CodeBlock): readonly { readonly command: string; readonly output: string }[] {
  return block.text
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [command = '', ...output] = part.split('\n');
      return { command, output: output.join('\n').trimEnd() };
    });
}
