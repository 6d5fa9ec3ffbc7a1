/**
 * `cacheviz@1.0` (spec 01 §7.7, spec 05 §7.3): pictures of what is in the cache, as a Graphviz graph, as JSON, and on a page of its own.
 *
 * `target` is an id or path; `.` means everything. Without one, a base that has keys of its own is stored and shown.
 */
import type { Cache } from '../core/cache.ts';
import { type Call, device } from '../core/device.ts';
import { flag, integer, optional, text } from '../core/fields.ts';
import { type Message, message } from '../core/message.ts';
import { fail, type Outcome, ok } from '../core/outcome.ts';
import { renderSvg, toDot } from './cacheviz/dot.ts';
import { type Graph, walk } from './cacheviz/graph.ts';
import { page, script } from './cacheviz/page.ts';

type VizCall = Call<unknown, unknown, 'cache'>;

/** Places in a picture: more can't be looked at, and cost a read each. */
const maxNodes = 10_000;
const defaultNodes = 250;

export const cacheviz = device({
  name: 'cacheviz@1.0',
  doc: 'Shows what is in the cache of this node as a graph.',
  uses: ['cache'],
  keys: {
    dot: {
      doc: 'The graph in the language of Graphviz. `render-data` shows literals.',
      request: { target: optional(text), 'render-data': optional(flag, false) },
      async run({ request, cache }) {
        const graph = await graphOf(cache, request.target ?? '.', maxNodes);
        return content('text/vnd.graphviz', toDot(graph, request['render-data']));
      },
    },
    svg: {
      doc: 'The graph as a picture, where Graphviz is installed.',
      request: { target: optional(text), 'render-data': optional(flag, false) },
      async run({ request, cache, signal }) {
        const graph = await graphOf(cache, request.target ?? '.', defaultNodes);
        const svg = await renderSvg(toDot(graph, request['render-data']), signal);
        return svg === undefined ? noGraphviz : content('image/svg+xml', svg);
      },
    },
    json: {
      doc: 'The graph as JSON: `nodes` and `links`, at most `max-size` nodes.',
      request: { target: optional(text), 'max-size': optional(integer, defaultNodes) },
      async run(call) {
        const { target, 'max-size': size } = call.request;
        const graph = await graphOf(call.cache, target ?? (await baseTarget(call)), Math.min(size, maxNodes));
        const nodes = graph.nodes.map(({ id, label, type }) => ({ id, label, type }));
        return content('application/json', JSON.stringify({ nodes, links: graph.links }));
      },
    },
    index: { doc: 'A page that draws the graph.', run: () => content('text/html', page) },
    js: { doc: 'The script of that page.', run: () => content('text/javascript', script) },
  },
});

async function graphOf(cache: Cache, target: string, size: number): Promise<Graph> {
  return walk(cache, target === '.' ? await cache.list('') : [target], size);
}

/** The base, stored, if it has anything to show; else everything. */
async function baseTarget({ cache, base, ao }: VizCall): Promise<string> {
  const own: Message = base.without('device');
  if (own.size === 0) return '.';
  await cache.write(base);
  return ao.id(base, 'signed');
}

function content(type: string, body: string): Outcome {
  return ok(message({ 'content-type': type, body }));
}

const noGraphviz = fail('unavailable', 'Graphviz is not installed on this node.', 'Use `dot`, and draw it yourself.');
