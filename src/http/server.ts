/**
 * The HTTP server of a node: AO-Core behind one port.
 *
 *     const server = createHttpServer({ port: 8734 }, { node: () => resolver });
 *     await server.listen();
 */

import type { Resolver } from '../core/resolver.ts';
import type { Blobs } from './blobs.ts';
import { createHandler } from './handler.ts';
import type { Hooks } from './hooks.ts';
import type { Observers } from './observers.ts';
import { type ListenerOptions, listenerOptions } from './options.ts';
import { type HttpServer, serve } from './serve.ts';

export interface HttpModules extends Observers {
  /** The node as it is now; asked for every request. */
  readonly node: () => Resolver;
  /** Instead of the node's `on` option. */
  readonly hooks?: Hooks;
  /**
   * Where large bodies go, where the node's cache finds them (`cacheWithBlobs`), and where bodies are sent from (`withStored`); without it
   * they are taken into memory.
   */
  readonly blobs?: Blobs;
  /** The page browsers get for `GET /`. */
  readonly home?: () => Uint8Array | undefined;
}

export function createHttpServer(settings: Partial<ListenerOptions>, modules: HttpModules): HttpServer {
  const options = listenerOptions.parse(settings);
  const answer = createHandler({ ...modules, answerCacheBytes: options.answerCacheBytes });
  return serve(options, { ...modules, answer });
}
