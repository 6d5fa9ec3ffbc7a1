/**
 * `router@1.0` (spec 03 §5.2): which other node a message goes to.
 *
 *     GET  /~router@1.0/routes                            the table
 *     POST /~router@1.0/routes  signed by a route owner   adds the signed keys as a route
 *     /~router@1.0/match?route-path=/graphql              the route a path takes
 *     /~router@1.0/route?route-path=/graphql              the node (or nodes) that are chosen from it
 *
 * The table is the option `routes`, or what `router-opts/provider` resolves to: a path or a message, so that a process can keep it. The
 * parts are pure and in `router/`: matching, choosing, addresses.
 */
import { type Ao, type Call, device } from '../core/device.ts';
import type { Environment } from '../core/environment.ts';
import { raise } from '../core/errors.ts';
import { integer, listOf, optional, submessage, text } from '../core/fields.ts';
import { isMessage, type Message, message } from '../core/message.ts';
import { fail, type Outcome, ok } from '../core/outcome.ts';
import { atom, type Value } from '../core/value.ts';
import type {} from './meta/node-control.ts';
import { isTransportKey } from './meta/option-names.ts';
import { takeSignatures } from './meta/replay.ts';
import { operatorAddress, signedKeys } from './meta/roles.ts';
import { plain, plainPath } from './plain.ts';
import { matchRoute, routedPath, routeTable } from './router/match.ts';
import { rerouted, unrouted } from './router/preprocess.ts';
import { routeTarget } from './router/target.ts';
import type {} from './scheduler/remote.ts';

type RouterCall = Call<unknown, unknown, 'cache' | 'environment' | 'node' | 'random'>;

export const router = device({
  name: 'router@1.0',
  doc: 'Finds the node that a message should go to.',
  uses: ['cache', 'environment', 'node', 'random'],
  lane: ({ key, request }) => (key === 'routes' && isPost(request) ? 'routes' : undefined),
  keys: {
    routes: {
      doc: 'The routing table; posted by a route owner, a new route in it.',
      run: (call) => (isPost(call.requestMessage) ? addRoute(call) : listRoutes(call)),
    },
    match: {
      doc: 'The route that the request (its `route-path`) takes.',
      async run(call) {
        const route = await matchRoute(call.ao, call.environment, await routesOf(call), call.requestMessage);
        return route === undefined ? noMatch : ok(route);
      },
    },
    route: {
      doc: 'The node or nodes chosen for the request (its `route-path`).',
      async run(call) {
        const { ao, environment, requestMessage, random } = call;
        const target = await findTarget(ao, environment, await routesOf(call), requestMessage, random);
        return target === undefined ? noTarget : ok(target);
      },
    },
    preprocess: {
      doc: 'As a request hook: has requests that the table has a route for executed by the node it leads to.',
      async run(call) {
        const { ao, base, environment, node, requestMessage, random } = call;
        const original = await plain(ao, requestMessage, 'request');
        const asked = isMessage(original) ? original : requestMessage;
        const target = await findTarget(ao, environment, await routesOf(call), asked, random);
        return target === undefined
          ? unrouted(ao, requestMessage, node.options())
          : rerouted(ao, base, requestMessage, target);
      },
    },
    register: {
      doc: 'Offers the routes under `router-opts/offered` to the routers that they name. Meant for a start hook or a schedule.',
      run: registerOffered,
    },
  },
});

/** Where a message goes by this table: an address, `{uri, opts}`, or a route with several nodes. For outgoing requests of the node. */
export async function findTarget(
  ao: Ao,
  env: Environment,
  routes: readonly Message[],
  asked: Message,
  random: (bytes: number) => Uint8Array,
): Promise<Value | undefined> {
  const route = await matchRoute(ao, env, routes, asked);
  if (route === undefined) return undefined;
  const whole = await ao.loadAll(route);
  const routeBy = await plain(ao, asked, 'route-by');
  return routeTarget(whole as Message, {
    path: await routedPath(ao, asked),
    routeBy: routeBy === undefined ? undefined : integer.read(routeBy),
    sha256: env.sha256,
    random: () => new DataView(Uint8Array.from(random(4)).buffer).getUint32(0) / 2 ** 32,
  });
}

async function listRoutes(call: RouterCall): Promise<Outcome> {
  return ok(await routesOf(call));
}

async function routesOf({ ao, node }: RouterCall): Promise<readonly Message[]> {
  const options = node.options();
  const provider = await plainPath(ao, options, ['router-opts', 'provider']);
  if (provider === undefined) return routeTable(ao, await plain(ao, options, 'routes'));
  const outcome = isMessage(provider)
    ? await ao.resolve(provider, message({ path: (await plain(ao, provider, 'path')) ?? 'routes' }))
    : await ao.resolveRequest(text.read(provider) ?? '');
  if (outcome.status === 'ok') return routeTable(ao, outcome.value);
  return raise('unavailable', 'The provider of the routes failed.', {
    hint: 'Check `router-opts/provider`.',
    cause: outcome.status === 'error' ? outcome.error : undefined,
  });
}

async function addRoute(call: RouterCall): Promise<Outcome> {
  const { ao, environment, node, cache, requestMessage: request } = call;
  const options = node.options();
  const registrar = await plainPath(ao, options, ['router-opts', 'registrar']);
  if (registrar !== undefined) return register(call, registrar);
  const configured = await plain(ao, options, 'route-owners');
  const operator = await operatorAddress(ao, { ...environment, options });
  const owners = configured === undefined ? [operator] : (listOf(text).read(configured) ?? []);
  const owner = (await ao.signers(request)).find((signer) => owners.includes(signer));
  if (owner === undefined) return notAuthorized;
  const covered = await signedKeys(environment, request, owner, 'router@1.0');
  if (covered.size === 0) return notAuthorized;
  if (!(await takeSignatures(cache, request, owner))) {
    return fail('conflict', 'This route was added already.', { status: 409, hint: 'Sign the route again.' });
  }
  const route = request.filter((key) => covered.has(key) && !isTransportKey(key));
  const table = [...(await routeTable(ao, await plain(ao, options, 'routes'))), route];
  await node.change(message({ routes: table.sort((a, b) => priority(a) - priority(b)) }));
  return ok('Route added.');
}

/** Signs every offered route and posts it to its `registration-peer`. */
async function registerOffered({ ao, node, environment, signal }: RouterCall): Promise<Outcome> {
  const { peers } = environment.capabilities;
  if (peers === undefined) return fail('unavailable', 'This node does not ask others.');
  const offered = await plainPath(ao, node.options(), ['router-opts', 'offered']);
  for (const offer of offered === undefined ? [] : (listOf(submessage).read(offered) ?? [])) {
    const peer = await plain(ao, offer, 'registration-peer');
    const address = peer === undefined ? undefined : text.read(peer);
    if (address === undefined) return fail('bad-request', 'An offered route names no `registration-peer`.');
    const said = message({ subject: 'self', action: 'register', route: offer, path: '/~router@1.0/routes' });
    const posted = (await ao.commit(said)).with('method', 'POST');
    const answer = await peers.request(address, posted, { signal });
    if (answer.status !== 'ok') return answer;
  }
  return ok('Routes registered.');
}

/** Hands the request to whoever keeps the table. */
async function register({ ao, node, requestMessage: request }: RouterCall, registrar: Value): Promise<Outcome> {
  const path = await plainPath(ao, node.options(), ['router-opts', 'registrar-path']);
  const asked = path === undefined ? request : request.with('path', path);
  const base = isMessage(registrar) ? ok(registrar) : await ao.resolveRequest(text.read(registrar) ?? '');
  const outcome = base.status === 'ok' ? await ao.resolve(base.value, asked) : base;
  return outcome.status === 'ok' ? ok('Route added.') : outcome;
}

function priority(route: Message): number {
  return optional(integer, 0).read(route.get('priority') ?? 0) ?? 0;
}

function isPost(request: Message): boolean {
  const method = request.get('method');
  return method !== undefined && text.read(method)?.toUpperCase() === 'POST';
}

const noMatch = fail('not-found', 'No route matches.', { value: atom('no_matching_route') });
const noTarget = fail('not-found', 'No route matches, or it has no nodes left.', { value: atom('no_matches') });
const notAuthorized = fail('unauthorized', 'Only route owners add routes.', {
  hint: 'Sign the route with a key listed under `route-owners`, by default the operator’s.',
  value: atom('not_authorized'),
});
