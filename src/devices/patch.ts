/**
 * `patch@1.0` (spec 01 §7.4): moves data from one place of a message to another.
 *
 * A process that runs a VM can't give its VM's state to readers by path. Instead the VM sends *patches* to its outbox, and this device,
 * standing after the VM in the stack, takes them out and lays them over the state:
 *
 *     results/outbox: {1: {method: PATCH, prices: {apple: 100}}, 2: {target: …}}
 *         patch-from ▲                            │ patch-to
 *                    │                            ▼
 *     results/outbox: {2: {target: …}},   state: {prices: {apple: 100, …}}
 *
 * `compute` (= `patches`) moves the entries of `patch-from` that are patches, merged in key order; `all` moves everything. The source
 * may lie in the request: `patch-from: req:/body`; then the request, so changed, is the result.
 *
 * From the dialect of 2025-11 on the `commitments` and `Tags` of a patch stay behind: they say something about the patch message, not
 * about the state. (`Tags` are what legacy modules put beside the keys.)
 */
import { type Ao, type Call, device } from '../core/device.ts';
import { text } from '../core/fields.ts';
import { isMessage, type Message, message } from '../core/message.ts';
import { fail, notFound, type Outcome, ok } from '../core/outcome.ts';
import { isList, Link, UNSET, type Value } from '../core/value.ts';
import { asMessage, firstPlain, pathParts, plain } from './plain.ts';

type PatchCall = Call<unknown, unknown, 'environment'>;

const nothing = ({ base }: { readonly base: Message }): Outcome => ok(base);

export const patch = device({
  name: 'patch@1.0',
  doc: 'Moves patches from one place of a message (the outbox of a process) to another (its state).',
  uses: ['environment'],
  pure: true,
  keys: {
    init: { doc: 'Nothing to prepare.', run: nothing },
    normalize: { doc: 'Nothing to restore.', run: nothing },
    snapshot: { doc: 'Nothing to keep.', run: nothing },
    compute: { doc: 'The same as `patches`, for execution stacks.', run: (call) => move(call, 'patches') },
    patches: {
      doc: 'Moves the patches among the entries of `patch-from` (`from`) to `patch-to` (`to`), merged.',
      run: (call) => move(call, 'patches'),
    },
    all: { doc: 'Moves everything at `patch-from` (`from`) to `patch-to` (`to`).', run: (call) => move(call, 'all') },
  },
});

async function move(call: PatchCall, what: 'patches' | 'all'): Promise<Outcome> {
  const { base, requestMessage: request, ao } = call;
  const from = await setting(call, 'from');
  const to = await setting(call, 'to');
  const [side, path] = splitSource(from);
  if (path.length === 0) {
    return fail('bad-request', 'The source of patches cannot be the whole message.', 'Set `patch-from` to a path.');
  }
  const whole = side === 'request' ? request : base;
  const sourcePath = path.join('/');
  const source = await ao.get(whole, sourcePath);
  if (source === undefined) return notFound;
  const moved = what === 'all' ? { value: source, rest: UNSET } : await takePatches(call, source);
  if (moved === undefined) return fail('bad-type', `\`${sourcePath}\` holds no messages that could be patches.`);
  // Setting a message over a message would merge: the text in between makes room for what stays.
  const cleared = await ao.set(whole, keyed(sourcePath, 'patch-error'));
  const emptied = await ao.set(cleared, keyed(sourcePath, moved.rest));
  return lay(ao, emptied, pathParts(to), moved.value);
}

/** Puts `value` at `to`, with the `set` of the devices on the way. */
async function lay(ao: Ao, target: Message, to: readonly string[], value: Value): Promise<Outcome> {
  if (to.length > 0) return ok(await ao.set(target, keyed(to.join('/'), value)));
  const entries = asMessage(value);
  if (entries === undefined) return ok(value);
  return ao.resolve(target, entries.with('path', 'set'));
}

interface Moved {
  readonly value: Value;
  /** What stays at the source. */
  readonly rest: Value;
}

/** The patches of a source laid over one another, and the entries that are none. */
async function takePatches({ ao, environment }: PatchCall, source: Value): Promise<Moved | undefined> {
  const entries = asMessage(source);
  if (entries === undefined) return undefined;
  const dropped = environment.dialect.patchesKeepCommitments ? ['method'] : ['method', 'commitments', 'Tags'];
  let value: Message = message({});
  let rest = entries;
  // The keys of a list as text would put its tenth entry before its second.
  for (const key of isList(source) ? source.map((_, i) => String(i + 1)) : entries.keys()) {
    const stored = entries.get(key)!;
    const entry = stored instanceof Link ? await ao.load(stored) : stored;
    if (!isMessage(entry) || !(await isPatch(ao, entry))) continue;
    rest = rest.without(key);
    // The marker is set last and directly: before, it would decide how the other keys are read and written.
    const marker = await plain(ao, entry, 'device');
    value = await ao.set(value, entry.without(...dropped, 'device'));
    if (marker !== undefined) value = value.with('device', marker);
  }
  return { value, rest: isList(source) && rest === entries ? source : rest };
}

async function isPatch(ao: Ao, entry: Message): Promise<boolean> {
  const method = await plain(ao, entry, 'method');
  const marker = await plain(ao, entry, 'device');
  return (
    (method !== undefined && text.read(method) === 'PATCH') ||
    (marker !== undefined && text.read(marker) === 'patch@1.0')
  );
}

/** `patch-from` of request or base, else `from` of request or base, else the root. */
async function setting({ base, requestMessage: request, ao }: PatchCall, name: 'from' | 'to'): Promise<string> {
  const value = await firstPlain(ao, [
    [request, `patch-${name}`],
    [base, `patch-${name}`],
    [request, name],
    [base, name],
  ]);
  return (isList(value) ? value.map((part) => text.read(part) ?? '').join('/') : text.read(value ?? '/')) ?? '/';
}

/** `req:/results/outbox` → the request's `results/outbox`. */
function splitSource(from: string): ['base' | 'request', readonly string[]] {
  for (const [prefix, side] of [
    ['base:', 'base'],
    ['request:', 'request'],
    ['req:', 'request'],
  ] as const) {
    if (from.startsWith(prefix)) return [side, pathParts(from.slice(prefix.length))];
    if (from.startsWith(`/${prefix}`)) return [side, pathParts(from.slice(prefix.length + 1))];
  }
  return ['base', pathParts(from)];
}

/** `{[path]: value}` for `set`: the key is a path. */
function keyed(path: string, value: Value): Message {
  return message({}).with(path, value);
}
