/** What is in the cache as a graph: `cacheviz@1.0` says what is linked to what, this page lays it out. */
import { byId } from '/~hyperbuddy@1.0/utils.js';

const [width, height] = [1200, 760];
const maxNodes = 120;
/** More names can't be read beside each other. */
const maxNames = 60;
const picture = byId('graph');

function draw(name, attributes, text) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  picture.append(made);
  return made;
}

/** Nodes push each other away, links pull; cooling down until it rests. */
function layOut(nodes, ends) {
  for (const [i, node] of nodes.entries()) {
    node.x = width / 2 + Math.cos(i * 2.4) * 14 * Math.sqrt(i + 1);
    node.y = height / 2 + Math.sin(i * 2.4) * 14 * Math.sqrt(i + 1);
  }
  for (let heat = 1; heat > 0.02; heat *= 0.97) {
    for (const a of nodes) {
      for (const b of nodes) {
        const [dx, dy] = [a.x - b.x, a.y - b.y];
        const push = (heat * 700) / (dx * dx + dy * dy + 60);
        a.x += dx * push;
        a.y += dy * push;
      }
      a.x += (width / 2 - a.x) * 0.01 * heat;
      a.y += (height / 2 - a.y) * 0.01 * heat;
    }
    for (const [a, b] of ends) {
      const [dx, dy] = [b.x - a.x, b.y - a.y];
      const pull = heat * 0.12 * (1 - 70 / (Math.hypot(dx, dy) + 1));
      a.x += dx * pull;
      a.y += dy * pull;
      b.x -= dx * pull;
      b.y -= dy * pull;
    }
  }
  spread(nodes, 'x', 40, width - 140);
  spread(nodes, 'y', 30, height - 30);
}

/** Spreads one coordinate over the picture. */
function spread(nodes, axis, from, to) {
  const values = nodes.map((node) => node[axis]);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const scale = most === least ? 0 : (to - from) / (most - least);
  for (const node of nodes) node[axis] = scale === 0 ? (from + to) / 2 : from + (node[axis] - least) * scale;
}

async function show(target) {
  const answer = await fetch(`/~cacheviz@1.0/json?target=${encodeURIComponent(target)}&max-size=${maxNodes}`);
  const { nodes, links } = await answer.json();
  const known = new Map(nodes.map((node) => [node.id, node]));
  const ends = links.map((link) => [known.get(link.source), known.get(link.target)]).filter(([a, b]) => a && b);
  layOut(nodes, ends);
  picture.replaceChildren();
  for (const [a, b] of ends) draw('line', { x1: a.x, y1: a.y, x2: b.x, y2: b.y });
  for (const node of nodes) {
    const dot = draw('circle', { cx: node.x, cy: node.y, r: node.type === 'composite' ? 7 : 4, class: node.type });
    const title = document.createElementNS('http://www.w3.org/2000/svg', 'title');
    title.textContent = node.id;
    dot.append(title);
    dot.addEventListener('click', () => location.assign(`?target=${encodeURIComponent(node.id)}`));
    if (nodes.length > maxNames && node.type !== 'composite') continue;
    draw('text', { x: node.x + 9, y: node.y + 3 }, node.label.length > 18 ? `${node.label.slice(0, 16)}…` : node.label);
  }
  const first = nodes.length >= maxNodes ? 'The first ' : '';
  byId('summary').textContent =
    nodes.length === 0 ? 'Nothing is kept there.' : `${first}${nodes.length} places, ${links.length} links`;
}

const target = new URLSearchParams(location.search).get('target') || '.';
byId('target').value = target;
await show(target).catch((error) => {
  byId('summary').textContent = `The node did not answer: ${error.message}`;
});
document.documentElement.dataset.ready = 'true';
