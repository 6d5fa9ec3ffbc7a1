/**
 * The message viewer: the page that browsers get for any message without a page of its own. It asks the node for the same address again, as
 * JSON, and shows keys, types, links and who signed.
 */
import { byId, element, idLink, isId, table } from '/~hyperbuddy@1.0/utils.js';

/** Keys of the answer, not of the message. */
const transport = new Set(['commitments', 'ao-types', 'status']);
const shortText = 2_000;

function showPath() {
  const parts = location.pathname.split('/').filter((part) => part !== '');
  const nodes = parts.flatMap((part, i) => {
    const name = decode(part);
    const href = `/${parts.slice(0, i + 1).join('/')}`;
    return [element('span', {}, '/'), i === parts.length - 1 ? name : element('a', { href }, name)];
  });
  byId('path').replaceChildren(
    ...nodes,
    ...(location.search === '' ? [] : [element('span', {}, decode(location.search))]),
  );
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** `a="integer", b="list"` → {a: 'integer', b: 'list'} */
function typesOf(message) {
  const spelt = typeof message['ao-types'] === 'string' ? message['ao-types'] : '';
  return new Map([...spelt.matchAll(/([^\s,=]+)="([^"]*)"/g)].map(([, key, type]) => [decode(key), type]));
}

function typeOf(value, declared) {
  if (declared !== undefined) return declared;
  if (Array.isArray(value)) return 'list';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'float';
  if (typeof value === 'object') return value === null ? 'atom' : 'message';
  return typeof value === 'boolean' ? 'atom' : 'text';
}

function shown(value) {
  if (isId(value)) return idLink(value);
  if (typeof value === 'string') {
    if (value.length <= 120 && !value.includes('\n')) return element('code', {}, value === '' ? '""' : value);
    const rest = value.length > shortText ? `… (${value.length} characters)` : '';
    return element('pre', {}, value.slice(0, shortText) + rest);
  }
  if (typeof value === 'object' && value !== null) return element('pre', {}, JSON.stringify(value, undefined, 2));
  return element('code', {}, String(value));
}

function showKeys(message) {
  const types = typesOf(message);
  const here = location.search === '' ? location.pathname.replace(/\/$/, '') : undefined;
  const rows = Object.entries(message)
    .filter(([key]) => !transport.has(key))
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([key, value]) => {
      const name = key.replace(/\+link$/, '');
      const isLink = name !== key;
      const title = here === undefined ? name : element('a', { href: `${here}/${encodeURIComponent(name)}` }, name);
      const type = element('span', { class: 'type' }, isLink ? 'link' : typeOf(value, types.get(key)));
      return [title, type, shown(value)];
    });
  byId('keys').replaceChildren(
    rows.length === 0
      ? element('p', { class: 'quiet' }, 'This message has no keys.')
      : table(['Key', 'Type', 'Value'], rows),
  );
  return rows.length;
}

function showSignatures(message) {
  const commitments = Object.entries(message.commitments ?? {}).filter(([, one]) => typeof one === 'object');
  const rows = commitments.map(([id, one]) => {
    const keys = Array.isArray(one.committed) ? one.committed : [];
    return [
      one.committer === undefined ? 'nobody (a digest)' : idLink(one.committer),
      element('span', { class: 'type' }, `${one['commitment-device'] ?? ''} ${one.type ?? ''}`),
      element('div', {}, idLink(id), element('div', { class: 'keys' }, ...keys.map((key) => element('span', {}, key)))),
    ];
  });
  byId('signatures').replaceChildren(
    rows.length === 0
      ? element('p', { class: 'quiet' }, 'Nobody signed this.')
      : table(['Signer', 'How', 'Id, and what it covers'], rows),
  );
  return commitments.flatMap(([, { committer }]) => (committer === undefined ? [] : [committer]));
}

function showHeaders(answer) {
  byId('headers').replaceChildren(
    table(
      ['Header', 'Value'],
      [...answer.headers].map(([name, value]) => [name, element('code', {}, value)]),
    ),
  );
}

async function show() {
  showPath();
  // The same address twice: as it travels between nodes, and as JSON.
  const options = (accept) => ({ headers: { accept }, cache: 'no-store' });
  const [plain, json] = await Promise.all([
    fetch(location.href, options('*/*')),
    fetch(location.href, options('application/json')),
  ]);
  showHeaders(plain);
  const text = await json.text();
  let message;
  try {
    message = JSON.parse(text);
  } catch {
    message = { body: text };
  }
  if (typeof message !== 'object' || message === null) message = { body: message };
  const count = showKeys(message);
  const signers = showSignatures(message);
  byId('json').replaceChildren(element('pre', {}, JSON.stringify(message, undefined, 2)));
  byId('summary').replaceChildren(
    `${plain.status} · ${count} ${count === 1 ? 'key' : 'keys'} · `,
    ...(signers.length === 0
      ? ['not signed']
      : ['signed by ', ...signers.flatMap((one, i) => (i === 0 ? [idLink(one)] : [', ', idLink(one)]))]),
  );
}

function select(chosen) {
  for (const tab of document.querySelectorAll('[role=tab]')) {
    const isChosen = tab === chosen;
    tab.setAttribute('aria-selected', String(isChosen));
    tab.tabIndex = isChosen ? 0 : -1;
    byId(tab.getAttribute('aria-controls')).hidden = !isChosen;
  }
}

const tabs = [...document.querySelectorAll('[role=tab]')];
for (const [i, tab] of tabs.entries()) {
  tab.addEventListener('click', () => select(tab));
  tab.addEventListener('keydown', ({ key }) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
    if (step === undefined) return;
    const next = tabs[(i + step + tabs.length) % tabs.length];
    select(next);
    next.focus();
  });
}

await show().catch((error) => {
  byId('summary').textContent = `The node did not answer: ${error.message}`;
});
document.documentElement.dataset.ready = 'true';
