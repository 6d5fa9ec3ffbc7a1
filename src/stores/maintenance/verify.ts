/**
 * Verifies a store: every cell, and everything that must fit together.
 *
 *   - the checksum of every cell; files of large values: there, whole, and what their hash says;
 *   - `data/<hash>` by its hash, `msg/<id>` by the id of the message in it, commitments and results by their form;
 *   - links, aliases, names and results lead to something.
 *
 * Damage is what can't be right. What is merely not here (a child that was never stored, a file nobody names) is reported apart.
 */
import { commitmentsOf, everySigner, selectCommitments } from '../../core/commitments.ts';
import { decode } from '../../core/encode.ts';
import type { Environment } from '../../core/environment.ts';
import { sumOfIds } from '../../core/ids.ts';
import { isMessage, type Message } from '../../core/message.ts';
import { isList, Link, type Value } from '../../core/value.ts';
import { sha256 } from '../../crypto/hash.ts';
import { type Cell, CellTag, linkTarget, openCell } from '../cell.ts';
import { leadOf, type Place, placeIn, readHeld } from '../held-message.ts';
import * as layout from '../layout.ts';
import { readMessageCell, splitOf } from '../message-cell.ts';
import { keyPath, separator } from '../path.ts';
import { blobLength, type PathStore } from '../path-store.ts';
import { everyCell } from './stats.ts';

export interface Report {
  readonly entries: number;
  readonly damage: readonly Finding[];
  /** Children that messages name and that are not stored here. */
  readonly absent: readonly Finding[];
  /** Files of large values that no entry names: left by a crash, or by values that were replaced. Hashes in hex. */
  readonly orphans: readonly string[];
}

export interface Finding {
  readonly path: string;
  readonly problem: string;
}

export interface VerifyOptions {
  /** Needed to check the ids of messages. Without it only their form is checked. */
  readonly environment?: Environment;
  /** Removes orphaned files. Only when nobody is writing. */
  readonly removeOrphans?: boolean;
  readonly signal?: AbortSignal;
}

export async function verifyStore(store: PathStore, options: VerifyOptions = {}): Promise<Report> {
  const verifier = new Verifier(store, options.environment);
  let entries = 0;
  for await (const { key, bytes } of everyCell(store.engine)) {
    options.signal?.throwIfAborted();
    entries++;
    verifier.cell(key, bytes);
  }
  const orphans = [...(store.engine.blobs?.hashes() ?? [])].filter((hash) => !verifier.named.has(hash.toHex()));
  if (options.removeOrphans === true) {
    for (const hash of orphans) store.engine.blobs?.remove(hash);
    store.engine.blobs?.removeUnfinished();
  }
  return { entries, damage: verifier.damage, absent: verifier.absent, orphans: orphans.map((hash) => hash.toHex()) };
}

const otherId = 'The message in it has another id.';

class Verifier {
  readonly damage: Finding[] = [];
  readonly absent: Finding[] = [];
  /** Files of large values that some entry names, in hex. */
  readonly named = new Set<string>();
  readonly #store: PathStore;
  readonly #environment: Environment | undefined;

  constructor(store: PathStore, environment: Environment | undefined) {
    this.#store = store;
    this.#environment = environment;
  }

  cell(key: string, bytes: Uint8Array): void {
    const path = keyPath(key.endsWith(separator) ? key.slice(0, -1) : key);
    const cell = openCell(key, bytes);
    if (typeof cell === 'string') this.#damaged(path, cell);
    else if (cell.tag === CellTag.link) this.#link(path, keyPath(linkTarget(cell)));
    else if (cell.tag !== CellTag.group) {
      const value = this.#value(path, cell);
      if (value !== undefined) this.#content(path, value);
    }
  }

  #link(path: string, target: string): void {
    if (this.#quiet(() => this.#store.resolve(path)) === undefined) {
      this.#damaged(path, `It is a link to \`${target}\`, where nothing is.`);
    }
  }

  #value(path: string, cell: Cell): Uint8Array | undefined {
    if (cell.tag !== CellTag.blob) return cell.payload;
    const hash = cell.payload.slice(0, 32);
    this.named.add(hash.toHex());
    const bytes = this.#store.engine.blobs?.read(hash);
    if (bytes === undefined) return this.#damaged(path, 'The file with its value is missing.');
    if (bytes.length !== blobLength(cell)) {
      return this.#damaged(path, `The file with its value has ${bytes.length} of ${blobLength(cell)} bytes.`);
    }
    if (sha256(bytes).toHex() !== hash.toHex())
      return this.#damaged(path, 'The file with its value has another content.');
    return bytes;
  }

  #content(path: string, value: Uint8Array): void {
    const [group, first = '', second] = path.split('/');
    try {
      if (group === layout.data) this.#data(path, first, value);
      else if (group === layout.messages) this.#message(path, first, value);
      else if (group === layout.commitments) {
        if (!isMessage(decode(value))) this.#damaged(path, 'It is not a commitment.');
        if (!this.#isThere(`${layout.messages}/${first}`)) this.#damaged(path, 'Its message is missing.');
        if (second === undefined) this.#damaged(path, 'It has no id.');
      } else if (group === layout.aliases) {
        this.#alias(path, first, leadOf(value));
      } else if (group === layout.results) this.#result(path, decode(value));
    } catch {
      this.#damaged(path, 'Its content cannot be decoded.');
    }
  }

  #data(path: string, hash: string, value: Uint8Array): void {
    // Longer paths below `data` belong to others.
    if (layout.isIdText(hash) && layout.hashOf(value) !== hash) this.#damaged(path, 'Its content has another hash.');
  }

  #alias(path: string, id: string, lead: string | Place): void {
    if (typeof lead === 'string') {
      if (!this.#isThere(`${layout.messages}/${lead}`)) this.#damaged(path, 'Its message is missing.');
      return;
    }
    const held = this.#held(path, lead);
    if (held === undefined) return;
    const signatures = selectCommitments(held, everySigner);
    const isSum = signatures.length > 1 && sumOfIds(signatures) === id;
    if (!isSum && !commitmentsOf(held).some(([one]) => one === id)) this.#damaged(path, otherId);
  }

  #held(path: string, place: Place): Message | undefined {
    const held = this.#quiet(() => readHeld(this.#store, place)) as Message | undefined;
    return held ?? this.#damaged(path, `The message is missing from \`${place.join(' ')}\`.`);
  }

  #message(path: string, id: string, value: Uint8Array): void {
    const parts = decode(value);
    const place = placeIn(parts);
    const env = this.#environment;
    if (place !== undefined) {
      const held = this.#held(path, place);
      if (held !== undefined && env !== undefined && env.unsignedId(held, env) !== id) this.#damaged(path, otherId);
      return;
    }
    const { value: shallow } = readMessageCell(parts, () => undefined);
    const missing = this.#children(path, shallow);
    if (env === undefined || missing) return;
    const whole = readMessageCell(parts, (at) => this.#quiet(() => this.#store.read(at))).value;
    if (env.unsignedId(whole, env) !== id) this.#damaged(path, otherId);
  }

  /** Whether a literal of the message is missing. Children that are messages may be. */
  #children(path: string, value: Value): boolean {
    if (isList(value)) return value.map((item) => this.#children(path, item)).some(Boolean);
    if (isMessage(value)) return [...value.entries()].map(([, item]) => this.#children(path, item)).some(Boolean);
    if (!(value instanceof Link)) return false;
    const part = splitOf(value) ?? (value.lazy ? { path: value.ref } : undefined);
    if (part !== undefined) {
      if (this.#isThere(part.path)) return false;
      this.#damaged(path, `Its literal \`${part.path}\` is missing.`);
      return true;
    }
    const known = this.#isThere(`${layout.messages}/${value.ref}`) || this.#isThere(`${layout.aliases}/${value.ref}`);
    if (!known) this.absent.push({ path, problem: `Its child \`${value.ref}\` is not stored here.` });
    return false;
  }

  #result(path: string, value: Value): void {
    if (!(value instanceof Link)) return;
    const target = value.ref.startsWith(`${layout.data}/`) ? value.ref : `${layout.messages}/${value.ref}`;
    if (!this.#isThere(target)) this.#damaged(path, `Its result \`${value.ref}\` is missing.`);
  }

  #isThere(path: string): boolean {
    return this.#quiet(() => this.#store.type(path)) === 'simple';
  }

  /** Damage elsewhere is reported where it is. */
  #quiet<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch {
      return undefined;
    }
  }

  #damaged(path: string, problem: string): undefined {
    this.damage.push({ path, problem });
  }
}
