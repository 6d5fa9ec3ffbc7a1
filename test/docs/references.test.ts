/** What the guides point at is there: links between pages, and files of the repository. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const pages = globSync(['*.md', 'docs/**/*.md'], { cwd: root }).filter((page) => page !== 'docs/compatibility.md');

/** Where a path in a page may begin: `src/http/status.ts`, `http/status.ts`, and `push/walk.ts` beside what was named before. */
const origins = ['', 'src', 'src/core', 'src/devices', 'src/stores'];

/** Not of the repository: data directories of an operator, and the page that a whole run of the tests writes. */
const elsewhere = /^(data|restored)\/|compatibility\.md$/;

function isThere(path: string): boolean {
  return elsewhere.test(path) || existsSync(join(root, path));
}

describe.each(pages)('%s', (page) => {
  const text = readFileSync(join(root, page), 'utf8');

  test('its links lead somewhere', () => {
    const links = [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
      .map(([, link]) => link!)
      .filter((link) => !/^\w+:/.test(link));
    expect(links.filter((link) => !isThere(join(dirname(page), link)))).toEqual([]);
  });

  test('the files it names exist', () => {
    const prose = text.replace(/^```[\s\S]*?^```$/gm, '');
    const files = [...prose.matchAll(/(?<![\w/.-])((?:[a-z][\w.-]*\/)+[\w.-]+\.(?:ts|lua|c|sh|md|json|cjs))\b/g)].map(
      ([, file]) => file!,
    );
    expect(files.filter((file) => !origins.some((origin) => isThere(join(origin, file))))).toEqual([]);
  });
});

test('every dependency has its reason, and nothing else has', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly [kind: string]: { readonly [name: string]: string } | undefined;
  };
  const reasons = readFileSync(join(root, 'docs/decisions/dependencies.md'), 'utf8');
  const rows = reasons.split('\n').filter((line) => line.startsWith('| `'));
  const named = rows.flatMap((row) => [...row.split('|')[1]!.matchAll(/`([^`*]+)`/g)].map(([, name]) => name!));
  expect(named.sort()).toEqual(Object.keys(manifest['dependencies'] ?? {}).sort());
  const development = Object.entries(manifest['devDependencies'] ?? {}).map(([name, version]) => {
    return /^npm:(.+)@/.exec(version)?.[1] ?? name;
  });
  expect(development.filter((name) => !name.startsWith('@types/') && !reasons.includes(`\`${name}\``))).toEqual([]);
});
