/** Processes of the legacy network: a scheduler unit keeps their schedule, this node reads it and posts to it (spec 04 §2.8, §5.1). */
import { describe, expect, test } from 'vitest';
import { Item, itemName } from '../../src/codecs/ans104/item.ts';
import { signItem } from '../../src/codecs/ans104/sign-item.ts';
import { tag } from '../../src/codecs/ans104/tags.ts';
import { fromBase64 } from '../../src/core/bytes.ts';
import { isMessage, type Message, message } from '../../src/core/message.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import {
  type FakeSchedulerUnitOptions,
  fakeGateway,
  fakeRouter,
  fakeSchedulerUnit,
  type LocalServer,
  startNode,
  type TestNode,
  testWallet,
  type UnitEdge,
} from '../../src/testing/index.ts';
import { localServer } from '../../src/testing/local-server.ts';
import { value } from '../support/lua-world.ts';

const user = testWallet('first');
const scheduler = testWallet('second');
const encoder = new TextEncoder();
const protocol = [tag('Data-Protocol', 'ao'), tag('Variant', 'ao.TN.1')];

interface LegacyOptions {
  readonly unit?: FakeSchedulerUnitOptions;
  readonly node?: { readonly [option: string]: unknown };
  /** Behind a router; or what stands in the place of the unit. */
  readonly routed?: boolean | LocalServer;
}

/** A gateway that has the process and the location of its scheduler, the unit, and a node that knows neither. */
async function legacy(messages: number, { unit: told = {}, node: options = {}, routed = false }: LegacyOptions = {}) {
  const stack = new AsyncDisposableStack();
  const gateway = stack.use(await fakeGateway());
  const unit = stack.use(await fakeSchedulerUnit({ wallet: scheduler, ...told }));
  const url = routed === true ? stack.use(await fakeRouter(unit)).url : routed === false ? unit.url : routed.url;
  const location = [
    tag('Data-Protocol', 'ao'),
    tag('Variant', 'ao.TN.1'),
    tag('Type', 'Scheduler-Location'),
    tag('Url', url),
    tag('Time-To-Live', '604800000'),
  ];
  gateway.addItem((await signItem({ tags: location, data: new Uint8Array(0) }, scheduler)).bytes);
  const definition = [
    ...protocol,
    tag('Type', 'Process'),
    tag('Module', 'M'.repeat(43)),
    tag('Scheduler', scheduler.address),
    tag('Authority', user.address),
    tag('Execution-Device', 'test-device@1.0'),
  ];
  const spawned = await signItem({ tags: definition, data: encoder.encode('hello') }, user);
  gateway.addItem(spawned.bytes);
  const process = await unit.schedule(spawned.bytes);
  for (let n = 1; n <= messages; n++) await unit.schedule((await item(process, String(n))).bytes);
  const node = stack.use(
    await startNode({ wallet: user, options: { gateway: gateway.url, 'gateway-reads': true, ...options } }),
  );
  return { node, unit, gateway, process, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

function item(process: string, action: string): Promise<Item> {
  const tags = [...protocol, tag('Type', 'Message'), tag('Action', action)];
  const anchor = encoder.encode(action.padStart(32, '0'));
  return signItem({ tags, target: fromBase64(process)!, anchor, data: encoder.encode(`data of ${action}`) }, user);
}

const get = async (node: TestNode, path: string): Promise<Outcome> =>
  node.resolver.resolveRequest(path, { cacheControl: ['always'] });

async function post(node: TestNode, process: string, body: Message, path = 'schedule'): Promise<Outcome> {
  const definition = (await node.cache.read(process)) as Message;
  const base = definition.with('device', 'process@1.0');
  return node.resolver.ao().resolve(base, message({ path, method: 'POST', body }));
}

const failure = (outcome: Outcome) => {
  if (outcome.status !== 'error') throw new Error('this should have failed');
  return outcome.error;
};

describe('reading', () => {
  test('[row processes/3/http_get_legacy_schedule / slot / slot_range / as_aos2] schedule, slot, range, JSON', async () => {
    await using world = await legacy(12);
    const { node, process } = world;
    const whole = value(await get(node, `/~scheduler@1.0/schedule&target=${process}`)) as Message;
    expect((whole.get('assignments') as Message).size).toBe(13);
    expect(value(await get(node, `/~scheduler@1.0/slot&target=${process}/current`))).toBe(12);
    const range = value(await get(node, `/~scheduler@1.0/schedule&target=${process}&from=0&to=10`)) as Message;
    expect((range.get('assignments') as Message).size).toBe(11);
    const request = message({ path: 'schedule', method: 'GET', target: process, accept: 'application/aos-2' });
    const json = value(await node.resolver.ao().resolve(message({ device: 'scheduler@1.0' }), request)) as Message;
    const { edges } = JSON.parse(json.get('body') as string) as {
      edges: { cursor: number; node: { message: { Id: string; Tags: unknown[]; Data: string } } }[];
    };
    expect(edges).toHaveLength(13);
    expect(edges[0]!.node.message.Id).toBe(process);
    expect(edges[3]!.node.message).toMatchObject({ Data: 'data of 3' });
    expect(edges[3]!.node.message.Tags).toContainEqual({ name: 'Action', value: '3' });
  });

  test('[row GC2, processes/3/redirect_from_graphql, processes/3/http_get_schedule_redirect] the gateway knows where the scheduler is', async () => {
    await using world = await legacy(1, { node: { 'scheduler-follow-redirects': false } });
    const { node, unit, process } = world;
    const body = await node.resolver.ao().commit(message({ target: process, type: 'Message' }), undefined, user);
    const answer = value(await post(node, process, body)) as Message;
    expect([answer.get('status'), answer.get('location'), answer.get('variant')]).toEqual([307, unit.url, 'ao.TN.1']);
    const reply = await fetch(`${node.url}/${process}~process@1.0/schedule`, { redirect: 'manual' });
    expect([reply.status, reply.headers.get('location')]).toEqual([307, unit.url]);
    const record = value(await get(node, `/~scheduler@1.0/location?address=${scheduler.address}`)) as Message;
    const told = (record.get('body') as Message).without('commitments');
    expect([told.get('type'), told.get('url')]).toEqual(['Scheduler-Location', unit.url]);
  });

  test('an edge becomes an assignment: whole numbers, lower-case keys, the message with its signature', async () => {
    await using world = await legacy(0);
    const { node, unit, process } = world;
    const id = await unit.schedule((await item(process, '1')).bytes);
    const page = value(await get(node, `/~scheduler@1.0/schedule&target=${process}&from=1`)) as Message;
    const slot = (page.get('assignments') as Message).get('1') as Message;
    expect([slot.get('slot'), slot.get('epoch'), slot.get('process')]).toEqual([1, 0, process]);
    expect([slot.get('block-height'), slot.get('block-hash')]).toEqual(['000001331218', 'A'.repeat(43)]);
    expect([slot.get('variant'), typeof slot.get('timestamp')]).toEqual(['ao.TN.1', 'number']);
    const body = slot.get('body') as Message;
    expect([body.get('action'), body.get('data'), body.get('target')]).toEqual(['1', 'data of 1', process]);
    expect(await node.resolver.ao().signers(body)).toEqual([user.address]);
    expect(node.resolver.ao().id(body, 'signed')).toBe(id);
  });

  test('a process is computed from it, through routers, page by page, and from the copies afterwards', async () => {
    await using world = await legacy(40, { routed: true, unit: { maxEdges: 25 } });
    const { node, unit, process } = world;
    expect(value(await get(node, `/${process}~process@1.0/now/at-slot`))).toBe(40);
    expect(value(await get(node, `/${process}~process@1.0/compute=7/results/assignment-slot`))).toBe(7);
    const asked = unit.requests.length;
    const page = value(await get(node, `/~scheduler@1.0/schedule&target=${process}&from=0&to=40`)) as Message;
    expect((page.get('assignments') as Message).size).toBe(41);
    expect(unit.requests).toHaveLength(asked);
  });
});

describe('posting', () => {
  test('[row processes/3/http_post_legacy_schedule] a data item is scheduled by the unit', async () => {
    await using world = await legacy(0);
    const { node, unit, process } = world;
    const ao = node.resolver.ao();
    const content = message({ type: 'Message', variant: 'ao.TN.1', 'data-protocol': 'ao', target: process, data: 'x' });
    const body = await ao.commit(content, message({ 'commitment-device': 'ans104@1.0' }), user);
    const slot = value(await post(node, process, body)) as Message;
    expect([slot.get('slot'), slot.get('process')]).toEqual([1, process]);
    expect(ao.id(slot.get('body')!, 'signed')).toBe(ao.id(body, 'signed'));
    // A letter that may have arrived before is asked for first.
    const base = ((await node.cache.read(process)) as Message).with('device', 'process@1.0');
    const again = await ao.resolve(base, message({ path: 'schedule', method: 'POST', once: 'true', body }));
    expect((value(again) as Message).get('slot')).toBe(1);
    expect(unit.requests.filter(({ method }) => method === 'POST')).toHaveLength(1);
    // The unit takes an item once, and says so.
    expect(failure(await post(node, process, body))).toMatchObject({ status: 400, message: /message already exists/ });
  });

  test('[row processes/4/push_prompts_encoding_change] a message that is no data item is refused with 422', async () => {
    await using world = await legacy(0);
    const { node, unit, process } = world;
    const body = await node.resolver.ao().commit(message({ target: process, type: 'Message' }), undefined, user);
    const sentence = 'Process resides on legacy scheduler. Message must be signed with ANS-104.';
    for (const path of ['schedule', 'push']) {
      const error = failure(await post(node, process, body, path));
      expect([error.status, error.message]).toEqual([422, sentence]);
    }
    expect(unit.requests.filter(({ method }) => method === 'POST')).toEqual([]);
  });
});

describe('what a unit says is checked', () => {
  type Node = UnitEdge['node'];
  const changed = (change: (node: Node) => Node) => (edge: UnitEdge) => ({ ...edge, node: change(edge.node) });
  const other = (node: Node) => ({ ...node, message: { ...node.message!, data: 'forged' } });
  const lies: readonly (readonly [string, (node: Node) => Node, RegExp])[] = [
    ['changed data', other, /a message for slot 0 of .* that cannot be verified/],
    [
      'a changed nonce',
      ({ message: told, assignment }) => ({
        message: told,
        assignment: {
          ...assignment,
          tags: assignment.tags.map((one) => (one.name === 'Timestamp' ? { ...one, value: '1' } : one)),
        },
      }),
      /an assignment for slot 0 of .* that cannot be verified/,
    ],
    [
      'another message than was assigned',
      ({ message: told, assignment }) => ({ message: { ...told!, ...assignment, data: '' }, assignment }),
      /another message for slot 0/,
    ],
    ['no assignment', ({ message: told }) => ({ message: told, assignment: told! }), /that is no assignment/],
  ];
  test.each(lies)('%s', async (_, change, sentence) => {
    await using world = await legacy(0, { unit: { tell: changed(change) } });
    const { node, process } = world;
    const error = failure(await get(node, `/~scheduler@1.0/schedule&target=${process}`));
    expect([error.code, error.status]).toEqual(['peer-failed', 502]);
    expect(error.message).toMatch(sentence);
    expect(await node.store.scan('schedule-copies')).toEqual([]);
  });

  test('an assignment by another key than the scheduler’s', async () => {
    await using world = await legacy(0, { unit: { wallet: user } });
    const { node, process } = world;
    const error = failure(await get(node, `/~scheduler@1.0/schedule&target=${process}`));
    expect(error.message).toMatch(/an assignment for slot 0 of .* that cannot be verified/);
  });

  test('a trusted scheduler’s word is taken, and nobody has signed it', async () => {
    const tell = changed(({ message: told, assignment }) => ({
      message: { ...told!, data: '' },
      assignment: { ...assignment, tags: [...assignment.tags, { name: 'Extra', value: 'x' }] },
    }));
    const options = { 'trusted-legacy-schedulers': [scheduler.address] };
    await using world = await legacy(1, { unit: { tell }, node: options });
    const { node, process } = world;
    const page = value(await get(node, `/~scheduler@1.0/schedule&target=${process}&from=1`)) as Message;
    const slot = (page.get('assignments') as Message).get('1') as Message;
    expect([slot.get('slot'), slot.has('commitments')]).toEqual([1, false]);
    expect([(slot.get('body') as Message).get('action'), (slot.get('body') as Message).has('commitments')]).toEqual([
      '1',
      false,
    ]);
  });

  test('anchors told as text, as units do', async () => {
    const tell = changed(({ message: told, assignment }) => ({
      message: { ...told!, anchor: new TextDecoder().decode(fromBase64(told!.anchor)) },
      assignment,
    }));
    await using world = await legacy(1, { unit: { tell } });
    const { node, process } = world;
    const action = await get(node, `/~scheduler@1.0/schedule&target=${process}/assignments/1/body/action`);
    expect(value(action)).toBe('1');
  });

  test.each(['null', '{"edges":7}', '{"edges":[{"node":{"assignment":{"tags":[{"name":{"toString":1}}]}}}]}', '[]'])(
    'JSON of another kind: %s',
    async (body) => {
      await using stranger = await localServer(() => ({ status: 200, contentType: 'application/json', body }));
      await using world = await legacy(0, { routed: stranger });
      const { node, process } = world;
      for (const path of ['schedule', 'slot']) {
        const error = failure(await get(node, `/~scheduler@1.0/${path}&target=${process}`));
        expect([error.code, error.status]).toEqual(['peer-failed', 502]);
      }
    },
  );

  test('a message the unit leaves out is found by its id', async () => {
    const tell = changed(({ assignment }) => ({ message: null, assignment }));
    await using world = await legacy(0, { unit: { tell } });
    const { node, unit, gateway, process } = world;
    const sent = await item(process, 'late');
    await unit.schedule(sent.bytes);
    const missing = failure(await get(node, `/~scheduler@1.0/schedule&target=${process}&from=1`));
    expect(missing.message).toContain(itemName(sent));
    gateway.addItem(sent.bytes);
    const page = value(await get(node, `/~scheduler@1.0/schedule&target=${process}&from=1`)) as Message;
    const body = ((page.get('assignments') as Message).get('1') as Message).get('body');
    expect(isMessage(body) && (await node.resolver.ao().get(body, 'action'))).toBe('late');
  });

  test.each([
    ['no JSON', 200, /not JSON/],
    ['an error', 503, /refused|status 503/],
  ])('%s', async (_, status, sentence) => {
    await using world = await legacy(0);
    const { node, unit, process } = world;
    unit.fail(status);
    expect(failure(await get(node, `/~scheduler@1.0/schedule&target=${process}`)).message).toMatch(sentence);
  });
});

describe('pushing', () => {
  const sender = `
    function compute(s, m)
      local body = m.body
      if body.to then s.results = { outbox = { ['1'] = { target = body.to, action = 'Ping', n = body.n } } } end
      return s
    end`;

  async function spawned(node: TestNode): Promise<string> {
    const ao = node.resolver.ao();
    const definition = await ao.commit(
      message({
        device: 'process@1.0',
        type: 'Process',
        scheduler: user.address,
        authority: user.address,
        'execution-device': 'lua@5.3a',
        module: message({ 'content-type': 'application/lua', body: sender }),
      }),
    );
    value(await ao.resolve(definition, message({ path: 'schedule', method: 'POST', body: definition })));
    return ao.id(definition, 'signed');
  }

  test('[row processes/4/nested_push_prompts_encoding_change] what goes to a legacy process is signed as a data item', async () => {
    await using world = await legacy(0);
    const { node, unit, process } = world;
    const a = await spawned(node);
    const body = await node.resolver.ao().commit(message({ target: a, type: 'Message', to: process, n: 7 }));
    const answer = value(await post(node, a, body, 'push')) as Message;
    const letter = answer.get('1') as Message;
    expect([letter.get('target'), letter.get('slot')]).toEqual([process, 1]);
    expect(isMessage(letter.get('resulted-in'))).toBe(true);
    const [sent] = unit.requests.filter(({ method }) => method === 'POST');
    const arrived = new Item(sent!.body);
    expect(itemName(arrived)).toBe(letter.get('id'));
    const slot = value(await get(node, `/~scheduler@1.0/schedule&target=${process}/assignments/1/body`)) as Message;
    const keys = ['action', 'n', 'type', 'from-process'].map((key) => slot.get(key));
    expect(keys).toEqual(['Ping', 7, 'Message', a]);
    expect(await node.resolver.ao().signers(slot)).toEqual([user.address]);
    expect(await node.store.scan('outbox')).toEqual([]);
  });

  test('a second 422 is the end of the letter', async () => {
    await using world = await legacy(0);
    const { node, unit, process } = world;
    const a = await spawned(node);
    const body = await node.resolver.ao().commit(message({ target: a, type: 'Message', to: process }));
    unit.fail(422);
    const answer = value(await post(node, a, body, 'push')) as Message;
    expect((answer.get('1') as Message).get('response')).toBe('error');
    expect(await node.store.scan('outbox')).toEqual([]);
    expect(await node.store.scan('dead-letters')).toHaveLength(1);
  });
});
