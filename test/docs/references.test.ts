/** What the guides point at is there: links between pages, and files of the repository. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const pages = globSync(['*.md', 'docs/**/*.md'], { cwd: root }).filter((page) => page !== 'docs/compatibility.md');

/** Where a path in a page may begin: `src/http/status.ts`, `http/status.ts`, and `push/walk.ts` beside what was named before. */
const origins = ['', 'src', 'src/core', 'src/devices', 'src/stores'];

describe.each(pages)('%s', (page) => {
  const text = readFileSync(join(root, page), 'utf8');

  test('its links lead somewhere', () => {
    const links = [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
      .map(([, link]) => link!)
      .filter((link) => !/^\w+:/.test(link));
    expect(links.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([]);
  });

  test('the files it names exist', () => {
    const prose = text.replace(/^```[\s\S]*?^```$/gm, '');
    const files = [...prose.matchAll(/(?<![\w/.-])((?:[a-z][\w.-]*\/)+[\w.-]+\.(?:ts|lua|c|sh|md|json|cjs))\b/g)].map(
      ([, file]) => file!,
    );
    expect(files.filter((file) => !origins.some((origin) => existsSync(join(root, origin, file))))).toEqual([]);
  });
});
