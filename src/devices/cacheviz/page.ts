/** The page of `cacheviz@1.0`: fetches the graph as JSON and draws it. No libraries, nothing from elsewhere. */
export const page = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Cache</title>
<style>body{margin:0;font:14px system-ui}form{position:fixed;padding:8px}svg{width:100vw;height:100vh}
line{stroke:#bbb}text{font-size:9px;fill:#444}.simple{fill:lightblue}.composite{fill:lightcoral}.unknown{fill:#ddd}</style></head>
<body><form><input name="target" size="50" placeholder="id or path, . for everything"> <button>Show</button></form>
<svg></svg><script src="/~cacheviz@1.0/js"></script></body></html>
`;

export const script = `'use strict';
const asked = new URLSearchParams(location.search).get('target') || '.';
document.querySelector('input').value = asked;
const svg = document.querySelector('svg');
const make = (name, attributes, text) => {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return svg.appendChild(element);
};
fetch('/~cacheviz@1.0/json?target=' + encodeURIComponent(asked)).then((answer) => answer.json()).then(({ nodes, links }) => {
  const [width, height] = [innerWidth, innerHeight];
  nodes.forEach((node, i) => Object.assign(node, {
    x: width / 2 + Math.cos(i) * 10 * Math.sqrt(i), y: height / 2 + Math.sin(i) * 10 * Math.sqrt(i),
  }));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const ends = links.map((link) => [byId.get(link.source), byId.get(link.target)]);
  for (let heat = 1; heat > 0.01; heat *= 0.97) {
    for (const a of nodes) for (const b of nodes) {
      const [dx, dy] = [a.x - b.x, a.y - b.y];
      const force = (heat * 400) / (dx * dx + dy * dy + 50);
      a.x += dx * force; a.y += dy * force;
    }
    for (const [a, b] of ends) {
      const [dx, dy] = [b.x - a.x, b.y - a.y];
      const pull = heat * 0.1 * (1 - 60 / (Math.hypot(dx, dy) + 1));
      a.x += dx * pull; a.y += dy * pull; b.x -= dx * pull; b.y -= dy * pull;
    }
  }
  ends.forEach(([a, b], i) => {
    make('line', { x1: a.x, y1: a.y, x2: b.x, y2: b.y });
    make('text', { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 }, links[i].label);
  });
  for (const node of nodes) make('circle', { cx: node.x, cy: node.y, r: 6, class: node.type }).appendChild(
    document.createElementNS('http://www.w3.org/2000/svg', 'title')).textContent = node.id;
});
`;
