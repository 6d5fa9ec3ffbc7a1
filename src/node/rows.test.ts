/** Rows of the conformance tables about a running node: its configuration over HTTP, its hooks, its names and pages. */
import { once } from 'node:events';
import http from 'node:http';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { keyFile } from '../../test/support/child-node.ts';
import { testWallet as vectorWallet } from '../../test/support/world.ts';
import { type Device, device } from '../core/device.ts';
import { type Input, isMessage, type Message, message } from '../core/message.ts';
import { fail, ok } from '../core/outcome.ts';
import { atom, isList, type Value } from '../core/value.ts';
import type { Wallet } from '../core/wallet.ts';
import { HttpClient } from '../net/client.ts';
import { memoryStore } from '../stores/memory.ts';
import { startNode, type TestNode, type TestNodeOptions, testWallet } from '../testing/index.ts';
import { createLibrary } from './library.ts';

const running: TestNode[] = [];
afterEach(async () => {
  for (const node of running.splice(0)) await node.close();
});

async function node(options: { [name: string]: unknown } = {}, rest: TestNodeOptions = {}): Promise<TestNode> {
  const started = await startNode({ options, ...rest });
  running.push(started);
  return started;
}

const operator = testWallet('second');
const stranger = vectorWallet('rsa4096-1');
const library = createLibrary();
const client = new HttpClient({ allowPrivate: true }, { environment: () => library.env });
afterAll(() => client.close());

/** A request under another host than the one it goes to. */
async function getAs(at: TestNode, path: string, host = 'localhost') {
  const { hostname, port } = new URL(at.url);
  const request = http.get({ hostname, port, path, headers: { host } });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  const body = Buffer.concat(await response.toArray()).toString();
  const { location, 'content-type': type } = response.headers;
  return { status: response.statusCode, location, type, body };
}

/** What a node of the network would be told. */
async function ask(at: TestNode, path: string, keys: { [key: string]: Input } = {}): Promise<Value> {
  const outcome = await client.request(at.url, message({ path, method: 'GET', ...keys }));
  return outcome.status === 'error' ? (outcome.error.value ?? outcome.error.message) : outcome.value;
}

/** Posts options, signed. */
async function post(at: TestNode, options: { [key: string]: Input }, signer?: Wallet): Promise<Message> {
  const plain = message({ path: '/~meta@1.0/info', method: 'POST', ...options });
  const sent = signer === undefined ? plain : await library.commit(plain, undefined, signer);
  return send(at, sent);
}

async function send(at: TestNode, sent: Message): Promise<Message> {
  const outcome = await client.request(at.url, sent, { whole: true });
  const value = outcome.status === 'error' ? outcome.error.value : outcome.value;
  if (!isMessage(value)) throw new Error(`no message: ${JSON.stringify(outcome)}`);
  return value;
}

const history = async (at: TestNode): Promise<number> => {
  const shown = await at.resolver.ao().get(message({ device: 'meta@1.0' }), 'info/node_history');
  return isList(shown) ? shown.length : -1;
};

/** A device whose keys are what the test says. */
function handlers(keys: { [key: string]: (request: Message) => Value | ReturnType<typeof fail> }): Device {
  return device({
    name: 'handlers@1.0',
    doc: 'Hooks of a test.',
    keys: Object.fromEntries(
      Object.entries(keys).map(([name, run]) => [
        name,
        {
          doc: 'A hook.',
          run: ({ requestMessage }: { requestMessage: Message }) => {
            const result = run(requestMessage);
            return typeof result === 'object' && 'status' in result ? result : ok(result as Value);
          },
        },
      ]),
    ),
  });
}

const handler = message({ device: 'handlers@1.0' });

describe('the operator over HTTP', () => {
  test('[row node/meta/unauthorized_set_node_msg_fails] a stranger changes nothing', async () => {
    const at = await node();
    for (const signer of [operator, undefined]) {
      const answer = await post(at, { evil_config_item: 'BAD' }, signer);
      expect([answer.get('status'), answer.get('body')]).toEqual([400, 'Unauthorized']);
    }
    expect(await ask(at, '/~meta@1.0/info/evil_config_item')).toEqual(atom('not_found'));
    expect(await history(at)).toBe(0);
  });

  test('[row node/meta/authorized_set_node_msg_succeeds] the node’s own key is the operator', async () => {
    const at = await node();
    const answer = await post(at, { test_config_item: 'test2' }, testWallet());
    expect([answer.get('status'), answer.get('history-length')]).toEqual([200, 1]);
    expect(answer.get('body')).toBe('Node message updated. History: 1 updates.');
    expect(await ask(at, '/~meta@1.0/info/test_config_item')).toBe('test2');
    for (const key of ['path', 'method', 'signature', 'body']) {
      expect(await ask(at, `/~meta@1.0/info/${key}`)).toEqual(atom('not_found'));
    }
  });

  test('a change is made once, also after a restart', async () => {
    const store = memoryStore();
    const sent = await library.commit(
      message({ path: '/~meta@1.0/info', method: 'POST', item: '1' }),
      undefined,
      testWallet(),
    );
    for (const status of [200, 409]) {
      await using at = await startNode({ store });
      expect((await send(at, sent)).get('status')).toBe(status);
      expect((await send(at, sent)).get('status')).toBe(409);
    }
  });

  test('values have to fit; nothing is changed if one does not', async () => {
    const at = await node();
    const answer = await post(at, { 'force-signed': 'perhaps', 'test-item': '1' }, testWallet());
    expect(answer.get('status')).toBe(400);
    expect(await ask(at, '/~meta@1.0/info/test_item')).toEqual(atom('not_found'));
    await post(at, { force_signed: 'false' }, testWallet());
    const plain = await fetch(`${at.url}/~meta@1.0/build`);
    expect(plain.headers.has('signature')).toBe(false);
  });

  test('options that are read only at the start are refused by name; their present value is no change', async () => {
    const at = await node({ 'max-headers': 50 });
    const answer = await post(at, { port: 1, 'Max-Headers': 60, store_kind: 'memory', item: 'x' }, testWallet());
    expect(answer.get('status')).toBe(400);
    expect(answer.get('body')).toBe('Read only when a node starts, and not changed now: port, max-headers.');
    expect(answer.get('hint')).toContain('configuration file');
    expect(await ask(at, '/~meta@1.0/info/item')).toEqual(atom('not_found'));
    expect(await history(at)).toBe(0);
    expect((await post(at, { 'max-headers': 50, item: 'y' }, testWallet())).get('status')).toBe(200);
  });

  test('[row node/opts/global_preference] what a request says is no option of the node', async () => {
    const at = await node();
    expect(await ask(at, '/~meta@1.0/info/mode?mode=incorrect')).toBe('debug');
    expect(await ask(at, '/~message@1.0&mode=local/mode')).toBe('local');
    const seen = await at.resolver.ao().get(message({ device: 'meta@1.0', mode: 'incorrect' }), 'info/mode');
    expect(seen).toBe('debug');
  });

  test('private options are never shown', async () => {
    const at = await node();
    await post(
      at,
      { 'priv-thing': 'SECRET', priv_other: 'SECRET', nested: { 'priv-deep': 'SECRET', open: 'yes' } },
      testWallet(),
    );
    const shown = await (
      await fetch(`${at.url}/~meta@1.0/info?accept-bundle=true`, { headers: { accept: 'application/json' } })
    ).text();
    expect(shown).not.toContain('SECRET');
    expect(shown).toContain('"open":"yes"');
  });

  test('[row node/meta/uninitialized_node] a node that waits answers nothing else', async () => {
    const at = await node({ initialized: 'false', operator: 'unclaimed' });
    expect(await ask(at, '/key1?1.key1=value1')).toBe('Node must be initialized before use.');
    expect(await ask(at, '/~meta@1.0/info/address')).toBe('Node must be initialized before use.');
    expect((await fetch(`${at.url}/~meta@1.0/info`)).status).toBe(200);
  });

  test('[row node/meta/permanent_node_message] the last change', async () => {
    const at = await node({ initialized: 'false', operator: 'unclaimed' });
    expect((await post(at, { test_config_item: 'test2', initialized: 'permanent' }, operator)).get('status')).toBe(200);
    expect(await ask(at, '/~meta@1.0/info/test_config_item')).toBe('test2');
    const refused = await post(at, { bad_value: 'x' }, operator);
    expect(refused.get('status')).toBe(400);
    expect(refused.get('body')).toContain('already permanent');
    expect(await ask(at, '/~meta@1.0/info/bad_value')).toEqual(atom('not_found'));
    expect(await history(at)).toBe(1);
  });

  test('[row node/meta/claim_node] whoever comes first', async () => {
    const at = await node({ operator: 'unclaimed' });
    await post(at, { operator: operator.address }, operator);
    expect(await ask(at, '/~meta@1.0/info/operator')).toBe(operator.address);
    expect((await post(at, { item: 'x' }, stranger)).get('status')).toBe(400);
    expect((await post(at, { test_config_item: 'test2' }, operator)).get('history-length')).toBe(2);
  });

  test('the history of a node that anybody may change has an end', async () => {
    const at = await node({ operator: 'unclaimed' });
    const { node: control } = at.resolver.env.capabilities;
    for (let i = 0; i < 1_000; i++) await control!.change(message({ i }));
    expect((await post(at, { item: 'x' })).get('status')).toBe(413);
  });

  test('[row node/server/set_opts] each change is laid over the ones before', async () => {
    const at = await node();
    const changes: { [key: string]: Input }[] = [{ hello: 'world' }, { hello2: 'world2' }, { hello3: 'world3' }];
    for (const [i, change] of changes.entries()) {
      expect((await post(at, change, testWallet())).get('history-length')).toBe(i + 1);
    }
    expect(await ask(at, '/~meta@1.0/info/hello')).toBe('world');
    expect(await ask(at, '/~meta@1.0/info/hello3')).toBe('world3');
  });

  test('[row node/server/restart_server] two nodes with the same key are two nodes', async () => {
    const one = await node();
    const two = await node();
    await post(one, { 'test-key': 'server-1' }, testWallet());
    await post(two, { 'test-key': 'server-2' }, testWallet());
    expect(await ask(two, '/~meta@1.0/info/test-key')).toBe('server-2');
    expect(await ask(one, '/~meta@1.0/info/test-key')).toBe('server-1');
  });

  test('[row node/opts/as_identity] every identity by its name and its address', async () => {
    const file = (name: string) => message({ 'priv-key-location': keyFile(name) });
    const at = await node({
      identities: message({ 'testname-1': file('rsa4096-1.json'), other: file('rsa4096-2.json') }),
    });
    const shown = (await (
      await fetch(`${at.url}/~meta@1.0/info/identities?accept-bundle=true`, { headers: { accept: 'application/json' } })
    ).json()) as { [name: string]: { address: string } };
    const { 'testname-1': first, other, default: own } = shown;
    expect(own!.address).toBe(at.address);
    expect(shown[at.address]!.address).toBe(at.address);
    for (const one of [first!, other!]) expect(shown[one.address]!.address).toBe(one.address);
    expect(JSON.stringify(shown)).not.toContain('rsa4096');
  });
});

describe('hooks over HTTP', () => {
  test('[row node/server/set_node_opts] `start` may change the node message', async () => {
    const at = await node(
      { on: message({ start: handler }) },
      {
        devices: [
          handlers({
            start: (request) => message({ body: (request.get('body') as Message).with('test-success', true) }),
          }),
        ],
      },
    );
    expect(await ask(at, '/~meta@1.0/info/test-success')).toBe(true);
  });

  test('a `start` hook that fails, or gives nothing: the node does not start', async () => {
    const start = (run: () => Value | ReturnType<typeof fail>) =>
      startNode({ options: { on: message({ start: handler }) }, devices: [handlers({ start: run })] });
    await expect(start(() => fail('forbidden', 'Not today.'))).rejects.toThrow('Not today.');
    await expect(start(() => message({ a: 1 }))).rejects.toThrow('`start` hook gave no `body`');
  });

  test('[row node/meta/request_response_hooks] both are called', async () => {
    const calls: string[] = [];
    const seen = (name: string) => (request: Message) => {
      calls.push(`${name} ${isMessage(request.get('request')) ? 'with' : 'without'} request`);
      return message({ body: request.get('body')! });
    };
    const at = await node(
      { on: message({ request: handler, response: handler }) },
      { devices: [handlers({ request: seen('request'), response: seen('response') })] },
    );
    expect(await ask(at, '/~meta@1.0/info/address')).toBe(at.address);
    expect(calls).toEqual(['request with request', 'response with request']);
  });

  test('[row node/meta/halt_request] `request` refuses', async () => {
    const at = await node(
      { on: message({ request: handler }) },
      { devices: [handlers({ request: () => fail('bad-request', 'Bad', { value: 'Bad' }) })] },
    );
    expect(await ask(at, '/~meta@1.0/info')).toBe('Bad');
    const answer = await fetch(`${at.url}/~meta@1.0/info`);
    expect([answer.status, await answer.text(), answer.headers.has('signature')]).toEqual([400, 'Bad', false]);
  });

  test('[row node/meta/modify_request] `request` changes what is asked', async () => {
    const added = (request: Message): Value => {
      const steps = request.get('body');
      const [first, ...rest] = isList(steps!) ? steps : [];
      return message({ body: [(first as Message).with('added', 'value'), ...rest] });
    };
    const at = await node({ on: message({ request: handler }) }, { devices: [handlers({ request: added })] });
    expect(await ask(at, '/added')).toBe('value');
  });

  test('`request` answers something else; `response` changes the answer; `step` sees every step', async () => {
    let steps = 0;
    const step = (request: Message): Value => {
      steps++;
      return request;
    };
    const turtles = (): Value => message({ body: [message({ body: 'i like turtles' })] });
    const loud = (request: Message): Value => message({ body: (request.get('body') as Message).with('body', 'LOUD') });
    const hooks = [handlers({ request: turtles, response: loud, step })];
    const silent = await node({ on: message({ request: handler }) }, { devices: hooks });
    expect(await (await fetch(`${silent.url}/anything/at/all`)).text()).toBe('i like turtles');
    const both = await node({ on: message({ request: handler, response: handler }) }, { devices: hooks });
    expect(await (await fetch(`${both.url}/anything/at/all`)).text()).toBe('LOUD');
    const counted = await node({ on: message({ step: handler }) }, { devices: hooks });
    await fetch(`${counted.url}/~message@1.0&a=b/a`);
    expect(steps).toBeGreaterThan(0);
  });

  test('hooks that the operator sets while the node runs take effect at once', async () => {
    const at = await node(
      {},
      { devices: [handlers({ request: () => fail('forbidden', 'Closed.', { status: 403 }) })] },
    );
    expect((await fetch(`${at.url}/~meta@1.0/build`)).status).toBe(200);
    await post(at, { on: { request: { device: 'handlers@1.0' } } }, testWallet());
    expect((await fetch(`${at.url}/~meta@1.0/build`)).status).toBe(403);
  });
});

describe('names, addresses and pages over HTTP', () => {
  test('[row node/whois/find_self] a node asks another which address it has', async () => {
    const bootstrap = await node();
    const peer = await node({ 'host-bootstrap-node': bootstrap.url });
    const { port } = new URL(peer.url);
    expect(await ask(peer, '/~whois@1.0/node')).toBe(`127.0.0.1:${port}`);
    expect(await ask(peer, '/~meta@1.0/info/host')).toBe(`127.0.0.1:${port}`);
    const elsewhere = await node({ 'host-bootstrap-node': bootstrap.url, 'port-external': 443 });
    expect(await ask(elsewhere, '/~whois@1.0/node')).toBe('127.0.0.1:443');
  });

  test('[row node/hyperbuddy/return_templated_file] the page of a failure says what failed', async () => {
    const at = await node();
    const headers = { accept: 'text/html' };
    const answer = await fetch(`${at.url}/~hyperbuddy@1.0/throw`, { headers });
    const page = await answer.text();
    expect([answer.status, answer.headers.get('content-type')]).toEqual([500, 'text/html; charset=utf-8']);
    expect(page).toContain('request ');
    expect(page).not.toMatch(/\bat .*\.ts/);
    const missing = await fetch(`${at.url}/nothing-here`, { headers });
    expect([missing.status, (await missing.text()).includes('404')]).toEqual([404, true]);
  });

  test('[row node/hyperbuddy/return_custom_json] files of the operator', async () => {
    const files = message({ 'custom.json': '{"a":1}', 'page.html': '<p>hi</p>' });
    const at = await node({ 'hyperbuddy-serve': files });
    const file = await fetch(`${at.url}/~hyperbuddy@1.0/custom.json`);
    expect(file.headers.get('content-type')).toBe('application/json');
    expect(await file.json()).toEqual({ a: 1 });
    expect((await fetch(`${at.url}/~hyperbuddy@1.0/page.html`)).headers.get('content-type')).toMatch(/^text\/html/);
  });

  test('[row node/manifest/hook cast, node/name/host label] sites by their id, and by a host below the node’s own', async () => {
    const at = await node({
      host: 'https://localhost',
      on: message({ request: [message({ device: 'name@1.0' }), message({ device: 'manifest@1.0' })] }),
      'name-reserved-host-labels': ['www'],
    });
    const page = (text: string) => at.cache.write(message({ 'content-type': 'text/html', body: text }));
    const paths = { page1: { id: await page('Page 1') }, 'nested/page2': { id: await page('Page 2') } };
    const data = JSON.stringify({ manifest: 'arweave/paths', index: { path: 'page1' }, paths });
    const site = await at.cache.write(message({ 'content-type': 'application/x.arweave-manifest+json', data }));
    const plain = await at.cache.write(message({ 'content-type': 'text/html', body: 'no site' }));
    await post(at, { 'name-resolvers': [{ '001_permabytes': site, www: site, plain }] }, testWallet());
    const get = (path: string, host?: string) => getAs(at, path, host);

    expect(await get(`/${site}`)).toMatchObject({ status: 200, type: 'text/html', body: 'Page 1' });
    expect(await get(`/${site}/nested/page2`)).toMatchObject({ body: 'Page 2' });
    expect(await get(`/${plain}`)).toMatchObject({ body: 'no site' });
    expect(await get('/', '001_permabytes.localhost')).toMatchObject({
      status: 200,
      type: 'text/html',
      body: 'Page 1',
    });
    expect(await get('/nested/page2', '001_Permabytes.localhost:80')).toMatchObject({ body: 'Page 2' });
    expect(await get(`/${site}/nested/page2`, '001_permabytes.localhost')).toMatchObject({ body: 'Page 2' });
    expect(await get('/', 'plain.localhost')).toMatchObject({ body: 'no site' });
    for (const host of ['localhost', 'www.localhost', '127.0.0.1', 'localhost.elsewhere']) {
      expect(await get('/', host), host).toMatchObject({ status: 302, location: '/~hyperbuddy@1.0/dashboard' });
    }
    expect(await get('/', 'nobody.localhost')).toMatchObject({ status: 404 });
    expect(await get('/~meta@1.0/build/node', 'nobody.localhost')).toMatchObject({ body: 'HyperBEAM' });
  });

  test('[row node/name/ArNS snapshot] a stored table in JSON is a resolver', async () => {
    const at = await node();
    const target = await at.cache.write(message({ 'content-type': 'text/html', body: 'a page' }));
    const snapshot = await at.cache.write(message({ data: JSON.stringify({ '001_permabytes': target }) }));
    await post(at, { 'name-resolvers': [`${snapshot}~json@1.0/deserialize&target=data`] }, testWallet());
    expect(await ask(at, '/~name@1.0/001_permabytes&load=false')).toBe(target);
    expect(await getAs(at, '/~name@1.0/001_permabytes')).toMatchObject({ type: 'text/html', body: 'a page' });
    expect(await ask(at, '/~name@1.0/nobody')).toEqual(atom('not_found'));
  });

  test('[row node/name/root redirect] nothing asked for is the default request', async () => {
    const at = await node({ dialect: '2026' });
    expect(await getAs(at, '/')).toMatchObject({ status: 307, location: '/~hyperbuddy@1.0/dashboard' });
  });

  test('[row node/manifest/resolve] pages of a manifest', async () => {
    const at = await node();
    const pages = [
      await at.cache.write(message({ body: 'Page 1' })),
      await at.cache.write(message({ body: 'Page 2' })),
    ];
    const body = JSON.stringify({
      index: { path: 'page1' },
      paths: { page1: { id: pages[0] }, 'nested/page2': { id: pages[1] } },
    });
    const id = await at.cache.write(message({ device: 'manifest@1.0', body }));
    expect(await (await fetch(`${at.url}/${id}/index`)).text()).toBe('Page 1');
    expect(await (await fetch(`${at.url}/${id}/nested/page2`)).text()).toBe('Page 2');
    expect(await (await fetch(`${at.url}/${id}/nowhere`)).text()).toBe('Page 1');
    await post(at, { 'manifest-404': 'error' }, testWallet());
    expect((await fetch(`${at.url}/${id}/nowhere`)).status).toBe(404);
  });

  test('[row node/name/load_and_execute] names of the node', async () => {
    const at = await node({ 'name-resolvers': [message({ device: 'local-name@1.0', path: 'lookup' })] });
    const id = await at.cache.write(message({ deep: 'PING' }));
    await post(at, { local_names: { testkey: id } }, testWallet());
    expect(await (await fetch(`${at.url}/~local-name@1.0/lookup?key=testkey&load=false`)).text()).toBe(id);
  });

  test('an operator’s monitor hears of requests to others', async () => {
    const heard: Message[] = [];
    const monitor = handlers({
      heard: (request) => {
        heard.push(request.get('body') as Message);
        return 'thanks';
      },
    });
    const bootstrap = await node();
    const at = await node(
      {
        'host-bootstrap-node': bootstrap.url,
        'http-monitor': message({ path: '/~handlers@1.0/heard', method: 'POST' }),
        'http-reference': 'worker-1',
      },
      { devices: [monitor] },
    );
    await ask(at, '/~whois@1.0/node');
    await expect.poll(() => heard.length).toBe(1);
    expect(heard[0]!.get('request-path')).toBe('/~whois@1.0/echo');
    expect(heard[0]!.get('status-class')).toBe('success');
    expect(heard[0]!.get('reference')).toBe('worker-1');
    expect(await library.signers(heard[0]!)).toEqual([at.address]);
  });
});
