/**
 * What data items and layer-1 transactions have in common: an envelope of tags, data and a few fields of its own, and the rules by which
 * it becomes a message and back (spec 02 §4.5, §4.6). `ans104@1.0` and `tx@1.0` differ only in their fields and in their bytes.
 */
import type { Binary } from '../../core/bytes.ts';
import type { Dialect } from '../../core/dialect.ts';
import type { Environment } from '../../core/environment.ts';
import { raise } from '../../core/errors.ts';
import type { ByteOrder } from './bundle.ts';
import type { SignatureType } from './signature-types.ts';
import type { Tag } from './tags.ts';

export interface Envelope {
  readonly tags: readonly Tag[];
  readonly data: Uint8Array;
  /** The fields that are set, as text, by the key they have in a message. */
  readonly fields: ReadonlyMap<string, string>;
}

/** Who signed an envelope. */
export interface Signature {
  readonly type: SignatureType;
  readonly signature: Uint8Array;
  readonly owner: Uint8Array;
}

/** A key that may stand in a field of the envelope instead of in a tag. */
export interface Field {
  readonly key: string;
  /** The field's text for this value, if the value fits in it; otherwise the key becomes a tag. */
  fit(value: Binary): string | undefined;
  /** A key that becomes a tag even if it is a field as well. */
  readonly alsoTag?: true;
  /** The old dialect keeps the anchor in the commitment and out of the message. */
  hidden?(dialect: Dialect): boolean;
}

export interface EnvelopeFormat {
  /** The commitment device: the name of the codec. */
  readonly device: string;
  /** In the order in which they are committed. */
  readonly fields: readonly Field[];
}

/** How bundles are written: both forms are on the network, and a signature covers one of them. */
export interface Layout {
  readonly byteOrder: ByteOrder;
  readonly bundleMapTag: 'last' | 'third';
}

export function dialectLayout(dialect: Dialect): Layout {
  return { byteOrder: dialect.bundleByteOrder, bundleMapTag: dialect.bundleMapTag };
}

/** What a conversion goes by. */
export interface Conversion {
  readonly env: Environment;
  readonly format: EnvelopeFormat;
  /** Of signed bundles whose commitment doesn't say how it was laid out. */
  readonly defaultLayout: Layout;
  /** Of the envelope that is being written. */
  readonly layout: Layout;
  readonly depth: number;
  readonly work: Work;
}

/** The conversion of a whole envelope of this format. */
export function conversionOf(
  format: EnvelopeFormat,
  env: Environment,
  layout: Layout = dialectLayout(env.dialect),
): Conversion {
  return { env, format, defaultLayout: layout, layout, depth: 0, work: new Work(env.limits.maxMessageBytes) };
}

/**
 * Counts the bytes of nested bundles that were hashed or copied. Every level of nesting goes over its bytes again: without a bound a deep
 * bundle of 100 MB keeps a processor busy for a minute.
 */
export class Work {
  #left: number;

  constructor(maxMessageBytes: number) {
    this.#left = 8 * maxMessageBytes;
  }

  /** Raises `limit-exceeded` when too much was done. */
  on(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0) raise('limit-exceeded', 'The bundle is too large for its depth.', 'Nest less, or send less.');
  }
}
