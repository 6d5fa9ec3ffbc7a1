/**
 * Makes the package that is published: `npm run build [DIRECTORY]`, `dist` by default. In the repository the sources run as they are; but
 * Node doesn't strip types inside `node_modules`, so what is installed from the registry is JavaScript. The layout stays the same, so that
 * relative paths to assets hold. The runtime for machines with an older Node stays out (docs/decisions/0002-runtime.md).
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const out = resolve(process.argv[2] ?? join(root, 'dist'));

rmSync(out, { recursive: true, force: true });
const tsc = join(root, 'node_modules/typescript/bin/tsc');
execFileSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json'), '--outDir', out], { stdio: 'inherit' });

const assets = [
  'native/lua/lua.wasm',
  'native/lua/LICENSE-Lua.txt',
  'native/lua/README.md',
  'runtime/dist',
  'src/testing/keys',
  'console/pages',
  'README.md',
  'LICENSE',
];
for (const asset of assets) cpSync(join(root, asset), join(out, asset), { recursive: true });

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly [key: string]: unknown;
  readonly exports: { readonly [path: string]: string };
};
const { scripts: _scripts, devDependencies: _dev, optionalDependencies: _optional, ...kept } = manifest;
const javascript = (path: string): string => path.replace(/\.ts$/, '.js');
const published = {
  ...kept,
  bin: { hyperbeam: 'src/cli/main.js' },
  exports: Object.fromEntries(
    Object.entries(manifest.exports).map(([path, source]) => [
      path,
      { types: source.replace(/\.ts$/, '.d.ts'), default: javascript(source) },
    ]),
  ),
};
writeFileSync(join(out, 'package.json'), `${JSON.stringify(published, null, 2)}\n`);
for (const path of Object.values(published.bin)) chmodSync(join(out, path), 0o755);
