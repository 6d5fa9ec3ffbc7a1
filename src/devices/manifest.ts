/**
 * `manifest@1.0` (spec 03 §8.1): an Arweave path manifest as a directory. The JSON under `data` (or `body`) names an item for every path:
 *
 *     {"manifest": "arweave/paths", "index": {"path": "index.html"},
 *      "paths": {"index.html": {"id": …}, "assets/app.js": {"id": …}}, "fallback": {"id": …}}
 *
 * A site is many paths deep, while the resolver walks one key at a time. So a key that is no file but the beginning of one gives the
 * manifest again, with the way so far in `priv/manifest/prefix`; `paths` is looked up by the whole way, exactly as it is written.
 *
 * As a request hook it serves bare ids of messages that say by their content type that they are manifests: `/<id>/assets/app.js`.
 *
 * What isn't listed is answered by `fallback`, else by the index (single-page apps count on that), unless the option `manifest-404` says
 * `error`.
 */

import { humanId, isBinary, isId, toText } from '../core/bytes.ts';
import { type Call, device } from '../core/device.ts';
import { text } from '../core/fields.ts';
import { isMessage, type Message, message } from '../core/message.ts';
import { fail, notFound, type Outcome, ok } from '../core/outcome.ts';
import { getPrivate, setPrivate } from '../core/private.ts';
import type { Value } from '../core/value.ts';
import { hookedSteps } from './hook.ts';
import { firstPlain, plain } from './plain.ts';

const manifestType = 'application/x.arweave-manifest';

type ManifestCall = Call<unknown, unknown, 'cache' | 'environment'>;

interface Manifest {
  readonly index: string | undefined;
  readonly fallback: string | undefined;
  /** Ids by path. */
  readonly paths: ReadonlyMap<string, string>;
}

export const manifest = device({
  name: 'manifest@1.0',
  doc: 'Serves the files of an Arweave path manifest.',
  uses: ['cache', 'environment'],
  keys: {
    index: { doc: 'The page that the manifest names as its index.', run: (call) => file(call, undefined) },
    request: {
      doc: 'As a request hook: serves manifests that are asked for by their id. On a manifest: the file of that name.',
      run: (call) => {
        const steps = hookedSteps(call.requestMessage);
        return steps === undefined ? file(call, 'request') : asSite(call, steps);
      },
    },
  },
  inherits: ['commit', 'commitments', 'committed', 'committers', 'id', 'keys', 'set', 'verify'],
  otherKeys: (call) => file(call, call.key),
});

/** The request with a manifest in the place of its id; unchanged if that is none. */
async function asSite({ cache, ao, requestMessage }: ManifestCall, steps: readonly Value[]): Promise<Outcome> {
  const [first, ...rest] = steps;
  const id = first !== undefined && isId(first) ? humanId(first) : undefined;
  const found = id === undefined ? undefined : await cache.read(id);
  if (!isMessage(found) || found.has('device')) return ok(requestMessage);
  const type = await plain(ao, found, 'content-type');
  if (type === undefined || text.read(type)?.startsWith(manifestType) !== true) return ok(requestMessage);
  const site = found.with('device', 'manifest@1.0');
  const path = rest.length === 0 ? [message({ path: 'index' })] : rest;
  return ok(requestMessage.with('body', [site, ...path]));
}

async function file(call: ManifestCall, key: string | undefined): Promise<Outcome> {
  const { base, ao, environment } = call;
  const parsed = await read(call);
  if (parsed === undefined) return notAManifest;
  const prefix = prefixOf(base);
  if (key === undefined && prefix === '') return serve(call, parsed.index && parsed.paths.get(parsed.index));
  const way = key === undefined ? prefix.slice(0, -1) : `${prefix}${key}`;
  const id = parsed.paths.get(way);
  if (id !== undefined) return serve(call, id);
  if (key !== undefined && startsAWay(parsed, `${way}/`)) return ok(setPrivate(base, 'manifest/prefix', `${way}/`));
  const directoryPage = parsed.index === undefined ? undefined : parsed.paths.get(`${way}/${parsed.index}`);
  if (directoryPage !== undefined) return serve(call, directoryPage);
  const onMissing = await plain(ao, environment.options, 'manifest-404');
  if (onMissing !== undefined && text.read(onMissing) === 'error') return notFound;
  return serve(call, parsed.fallback ?? (parsed.index && parsed.paths.get(parsed.index)));
}

async function serve({ cache }: ManifestCall, id: string | undefined): Promise<Outcome> {
  if (id === undefined || id === '') return notFound;
  const found = await cache.read(id);
  if (found === undefined) {
    return fail('not-found', `The manifest names ${id}, which is nowhere to be found.`, { status: 404 });
  }
  return ok(found);
}

function prefixOf(base: Message): string {
  const prefix = getPrivate(base, 'manifest/prefix');
  return typeof prefix === 'string' ? prefix : '';
}

function startsAWay(parsed: Manifest, prefix: string): boolean {
  for (const path of parsed.paths.keys()) if (path.startsWith(prefix)) return true;
  return false;
}

const manifestSlot = Symbol('parsed manifest');

/** The manifest of the base, parsed once. */
async function read({ base, ao }: ManifestCall): Promise<Manifest | undefined> {
  const encoded = await firstPlain(ao, [
    [base, 'data'],
    [base, 'body'],
  ]);
  if (isMessage(encoded)) return undefined;
  const json = isBinary(encoded) ? toText(encoded) : undefined;
  if (json === undefined) return undefined;
  return base.derive(manifestSlot, () => ({ manifest: parse(json) })).manifest;
}

/** Reads the JSON without ever using its keys as properties of ours. */
function parse(json: string): Manifest | undefined {
  let root: unknown;
  try {
    root = JSON.parse(json);
  } catch {
    return undefined;
  }
  const paths = new Map<string, string>();
  const listed = field(root, 'paths');
  if (typeof listed !== 'object' || listed === null) return undefined;
  for (const [path, entry] of Object.entries(listed)) {
    const id = field(entry, 'id');
    if (typeof id === 'string') paths.set(trimmed(path), id);
  }
  const index = field(field(root, 'index'), 'path');
  const fallback = field(field(root, 'fallback'), 'id');
  return {
    index: typeof index === 'string' ? trimmed(index) : undefined,
    fallback: typeof fallback === 'string' ? fallback : undefined,
    paths,
  };
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as { readonly [key: string]: unknown })[name]
    : undefined;
}

function trimmed(path: string): string {
  return path
    .split('/')
    .filter((part) => part !== '')
    .join('/');
}

const notAManifest = fail('bad-encoding', 'The message holds no path manifest.', {
  hint: 'A manifest is JSON with `paths`, under `data` or `body`.',
});
