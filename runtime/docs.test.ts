/**
 * The examples of docs/runtime.md: code and what the console shows, each in a process of its own.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bundles } from './build.ts';
import { dialects, TestProcess } from './test-process.ts';

const guide = readFileSync(new URL('../docs/runtime.md', import.meta.url), 'utf8');
const examples = [...guide.matchAll(/```lua\n([\s\S]*?)```\n```text\n([\s\S]*?)```/g)].map((found) => ({
  code: found[1]!.trimEnd(),
  shown: found[2]!.trimEnd(),
}));

describe.each(dialects)('the guide on the %s machine', (dialect) => {
  it.each(examples)('$code', async ({ code, shown }) => {
    const process = await TestProcess.start({ dialect, owner: 'owner', definition: {} });
    expect((await process.eval(code)).output.data).toBe(shown);
    process.close();
  });
});

it.each([...bundles()])('%s is what build.ts makes of the sources', (file, made) => {
  expect(readFileSync(file, 'utf8')).toBe(made);
});
