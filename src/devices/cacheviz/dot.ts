/** A graph in the language of Graphviz, and as a picture where Graphviz is installed. */
import { execFile } from 'node:child_process';
import type { Graph } from './graph.ts';

export function toDot({ nodes, links }: Graph, withData: boolean): string {
  const lines = ['digraph filesystem {', '  node [shape=circle];'];
  for (const { id, label, type, data } of nodes) {
    const color = type === 'simple' ? 'lightblue' : 'lightcoral';
    const shown = withData && data !== undefined ? data : short(label);
    lines.push(`  ${quote(id)} [label=${quote(shown)}, color=${color}, style=filled];`);
  }
  for (const { source, target, label } of links) {
    lines.push(`  ${quote(source)} -> ${quote(target)} [label=${quote(short(label))}];`);
  }
  return `${[...lines, '}'].join('\n')}\n`;
}

/** Labels are for people: an id is known by its ends. */
function short(label: string): string {
  return label.length > 24 ? `${label.slice(0, 8)}\u2026${label.slice(-4)}` : label;
}

/** No key can end its string: quotes and backslashes are escaped, what cannot be seen is left out. */
function quote(text: string): string {
  return `"${text.replace(/[\x00-\x1f\x7f\ud800-\udfff]/g, ' ').replace(/[\\"]/g, '\\$&')}"`;
}

const timeoutMs = 10_000;
const maxSvgBytes = 16 * 1024 * 1024;

/** The picture, or `undefined` where there is no Graphviz or it takes too long. */
export function renderSvg(dot: string, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    const options = { timeout: timeoutMs, maxBuffer: maxSvgBytes, signal };
    const child = execFile('dot', ['-Tsvg'], options, (error, svg) => resolve(error === null ? svg : undefined));
    // Where the program is missing, writing to it fails as well; the callback has told by then.
    child.stdin?.on('error', () => {});
    child.stdin?.end(dot);
  });
}
