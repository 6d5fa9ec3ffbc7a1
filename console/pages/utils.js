/** What all pages of the console use: elements from code, and messages from the node. Nothing here ever builds HTML from text. */

/** An element: `element('a', { href: '/x' }, 'text', child)`. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export function byId(id) {
  return document.getElementById(id);
}

/** A message of the node as JSON, nested messages inline. `undefined` if the node says no. */
export async function readMessage(path) {
  const separator = path.includes('?') ? '&' : '?';
  const answer = await fetch(`${path}${separator}accept-bundle=true`, { headers: { accept: 'application/json' } });
  return answer.ok ? answer.json() : undefined;
}

/** A literal of the node as text. */
export async function readText(path) {
  const answer = await fetch(path, { headers: { accept: '*/*' } });
  return answer.ok ? answer.text() : undefined;
}

const id = /^[A-Za-z0-9_-]{43}$/;

export function isId(value) {
  return typeof value === 'string' && id.test(value);
}

/** An id or address as a link to what it names. */
export function idLink(value) {
  return element('a', { href: `/${value}`, class: 'mono' }, value);
}

/** A table with a heading. `rows` hold nodes or texts. */
export function table(headings, rows) {
  const head = element('tr', {}, ...headings.map((text) => element('th', { scope: 'col' }, text)));
  const body = rows.map(([first, ...rest]) =>
    element('tr', {}, element('th', { scope: 'row' }, first), ...rest.map((cell) => element('td', {}, cell))),
  );
  const made = element('table', { class: 'table' }, element('thead', {}, head), element('tbody', {}, ...body));
  return element('div', { class: 'scroll' }, made);
}

/** Marks the page we are on in the navigation. */
export function markCurrent() {
  for (const link of document.querySelectorAll('.top nav a')) {
    if (link.pathname === location.pathname) link.setAttribute('aria-current', 'page');
  }
}

markCurrent();
