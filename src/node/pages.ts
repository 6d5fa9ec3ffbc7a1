/**
 * The files of the console, read from the package once and kept. Pages may load scripts, styles and pictures of this node and nothing
 * from anywhere else, whatever the messages that they show contain.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page, Pages } from '../devices/hyperbuddy.ts';

const types: { readonly [ending: string]: string } = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.ico': 'image/x-icon',
  '.json': 'application/json',
};

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'self'",
].join('; ');

/** Keys of a page's message besides its body: they become headers. */
const always = { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' };
const ofPages = { ...always, 'content-security-policy': policy };

export function consolePages(
  directory: string = fileURLToPath(new URL('../../console/pages', import.meta.url)),
): Pages {
  const files = new Map<string, Page>();
  if (existsSync(directory)) {
    for (const file of readdirSync(directory)) {
      const ending = extname(file);
      const contentType = types[ending];
      if (contentType === undefined) continue;
      const text = contentType.startsWith('text/') || ending === '.json' || ending === '.svg';
      const body = text
        ? readFileSync(join(directory, file), 'utf8')
        : new Uint8Array(readFileSync(join(directory, file)));
      const page: Page = { contentType, body, headers: ending === '.html' ? ofPages : always };
      files.set(file, page);
      if (ending === '.html') files.set(file.slice(0, -ending.length), page);
    }
  }
  return { read: (name) => files.get(name) };
}
