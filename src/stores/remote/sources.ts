/** The sources of a cache, asked one after the other. Those who ask for the same path meanwhile share the answer. */
import type { Awaitable } from '../../core/awaitable.ts';
import { raise } from '../../core/errors.ts';
import type { Value } from '../../core/value.ts';
import type { Source, Sourced } from './source.ts';

/** Questions at the same time. */
const maxAsking = 256;

export interface SourcesOptions {
  readonly all: readonly Source[];
  /** Keeps what a source gave that is to be kept; gives it as it is read from then on. */
  readonly keep: (path: string, found: Sourced) => Promise<Value>;
  /**
   * Told when a source cannot be asked, or gives what cannot be verified: to the reader it is as if it had nothing. Also when what it gave
   * cannot be kept.
   */
  readonly onFailure: (source: Source, error: unknown) => void;
}

export class Sources {
  readonly #options: SourcesOptions;
  readonly #asking = new Map<string, Promise<Value | undefined>>();

  constructor(options: SourcesOptions) {
    this.#options = options;
  }

  /** What the first has that has anything. Raises `unavailable` when too many questions are open. */
  ask(path: string): Awaitable<Value | undefined> {
    if (this.#options.all.length === 0) return undefined;
    const running = this.#asking.get(path);
    if (running !== undefined) return running;
    if (this.#asking.size >= maxAsking) {
      raise('unavailable', 'This node is asking others for too many messages at the moment.', 'Try again later.');
    }
    const asking = this.#askEach(path).finally(() => this.#asking.delete(path));
    this.#asking.set(path, asking);
    return asking;
  }

  async #askEach(path: string): Promise<Value | undefined> {
    const { all, keep, onFailure } = this.#options;
    for (const source of all) {
      let found: Sourced | undefined;
      try {
        found = await source.read(path);
        if (found !== undefined && source.keeps) return await keep(path, found);
      } catch (error) {
        onFailure(source, error);
      }
      // Whoever asked gets it, even if it cannot be kept because the disk is full.
      if (found !== undefined) return found.value;
    }
    return undefined;
  }
}
