/**
 * A console for the node's HTTP interface:
 *
 *     GET /~meta@1.0/info/address          a path alone is a GET
 *     POST /~message@1.0/set a=b n:=5      key=value makes a JSON body, := a value that is JSON
 *     GET /~meta@1.0/info accept:application/json      name:value is a header
 */
import { byId, element } from '/~hyperbuddy@1.0/utils.js';

const log = byId('log');
const line = byId('line');
const methods = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']);
const help = `GET  /path  [name:value …]               ask the node; a path alone is a GET
POST /path  [key=value …] [key:=json …]   send keys as JSON
clear                                     empty this page
help                                      this text

Values with blanks stand in quotes: POST /~message@1.0/set/said said="hello there"
Arrow keys bring back what was asked before.`;

/** Words of a line; quotes keep blanks together. */
function words(text) {
  return [...text.matchAll(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g)].map(([word]) =>
    word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'),
  );
}

function read(text) {
  const [first, ...rest] = words(text);
  const isMethod = methods.has(first.toUpperCase());
  const method = isMethod ? first.toUpperCase() : 'GET';
  const [path, ...more] = isMethod ? rest : [first, ...rest];
  const headers = {};
  const keys = {};
  for (const word of more) {
    const [, name, sign, value] = /^([^=:]+)(:=|=|:)(.*)$/s.exec(word) ?? [];
    if (name === undefined) throw new Error(`\`${word}\` is neither key=value nor name:value.`);
    if (sign === ':') headers[name] = value;
    else keys[name] = sign === '=' ? value : JSON.parse(value);
  }
  if (path === undefined) throw new Error('A path is missing.');
  const hasBody = Object.keys(keys).length > 0;
  if (hasBody && method === 'GET')
    throw new Error('A GET has no body: put keys into the path (`?key=value`), or POST.');
  const target = path.startsWith('/') ? path : `/${path}`;
  const body = hasBody ? { body: JSON.stringify(keys) } : {};
  return {
    target,
    options: {
      method,
      headers: { accept: '*/*', ...(hasBody ? { 'content-type': 'application/json' } : {}), ...headers },
      ...body,
    },
  };
}

async function send(text) {
  const article = element('article', {}, element('div', { class: 'asked' }, element('b', {}, '> '), text));
  log.append(article);
  try {
    if (text === 'help') return article.append(element('pre', {}, help));
    if (text === 'clear') return log.replaceChildren();
    const { target, options } = read(text);
    const started = performance.now();
    const answer = await fetch(target, { redirect: 'manual', ...options });
    const body = await answer.text();
    const ms = Math.round(performance.now() - started);
    const status = answer.type === 'opaqueredirect' ? 'redirects elsewhere' : `${answer.status} ${answer.statusText}`;
    article.append(element('div', { class: answer.ok ? 'ok' : 'bad' }, `${status} · ${ms} ms`));
    const headers = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join('\n');
    article.append(
      element(
        'details',
        {},
        element('summary', {}, `${[...answer.headers].length} headers`),
        element('pre', {}, headers),
      ),
    );
    if (body !== '') article.append(element('pre', {}, pretty(body)));
  } catch (error) {
    article.append(element('div', { class: 'bad' }, error.message));
  } finally {
    log.scrollTop = log.scrollHeight;
  }
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2);
  } catch {
    return text;
  }
}

const history = JSON.parse(sessionStorage.getItem('history') ?? '[]');
let at = history.length;

byId('form').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = line.value.trim();
  if (text === '') return;
  if (history.at(-1) !== text) history.push(text);
  at = history.length;
  sessionStorage.setItem('history', JSON.stringify(history.slice(-100)));
  line.value = '';
  void send(text);
});

line.addEventListener('keydown', (event) => {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (step === undefined) return;
  event.preventDefault();
  at = Math.min(history.length, Math.max(0, at + step));
  line.value = history[at] ?? '';
});

log.append(
  element(
    'p',
    { class: 'quiet' },
    'Ask this node anything it answers over HTTP. ',
    element('code', {}, 'help'),
    ' says how.',
  ),
);
line.focus();
document.documentElement.dataset.ready = 'true';
