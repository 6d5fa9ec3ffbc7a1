/** The files of the console, read from the package once and kept. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Pages } from '../devices/hyperbuddy.ts';

const types: { readonly [ending: string]: string } = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.ico': 'image/x-icon',
  '.json': 'application/json',
};

export function consolePages(
  directory: string = fileURLToPath(new URL('../../console/pages', import.meta.url)),
): Pages {
  const files = new Map<string, { readonly contentType: string; readonly body: string | Uint8Array }>();
  if (existsSync(directory)) {
    for (const file of readdirSync(directory)) {
      const ending = extname(file);
      const contentType = types[ending];
      if (contentType === undefined) continue;
      const text = contentType.startsWith('text/') || ending === '.json' || ending === '.svg';
      const body = text
        ? readFileSync(join(directory, file), 'utf8')
        : new Uint8Array(readFileSync(join(directory, file)));
      files.set(file, { contentType, body });
      if (ending === '.html') files.set(file.slice(0, -ending.length), { contentType, body });
    }
  }
  return { read: (name) => files.get(name) };
}
