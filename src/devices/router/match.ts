/**
 * Which route a message takes (spec 03 §5.2 "Matching"). The table is scanned in order; a template is an expression on the path, or a
 * message whose entries the request must have. A path that is an `http(s)` address is its own route.
 */
import { isBinary, toText } from '../../core/bytes.ts';
import type { Ao } from '../../core/device.ts';
import type { Environment } from '../../core/environment.ts';
import { toList } from '../../core/lists.ts';
import { match } from '../../core/match.ts';
import { isMessage, type Message, message } from '../../core/message.ts';
import { joinPath, pathMatches } from '../../core/paths.ts';
import { isList, type Value } from '../../core/value.ts';
import { plain } from '../plain.ts';

/** The first route for the message, with `reference` saying where it comes from; `undefined` if there is none. */
export async function matchRoute(
  ao: Ao,
  env: Environment,
  routes: readonly Message[],
  asked: Message,
): Promise<Message | undefined> {
  const path = await routedPath(ao, asked);
  if (/^https?:\/\//.test(path)) return message({ node: path, reference: 'explicit' });
  for (let i = 0; i < routes.length; i++) {
    const route = routes[i]!;
    const template = await plain(ao, route, 'template');
    if (template === undefined || (await matches(ao, env, template, asked, path))) {
      return route.with('reference', `routes/${i + 1}`);
    }
  }
  return undefined;
}

/** The path that routes look at: `route-path`, else the request's own. */
export async function routedPath(ao: Ao, asked: Message): Promise<string> {
  const path = (await plain(ao, asked, 'route-path')) ?? (await plain(ao, asked, 'path')) ?? '';
  if (isBinary(path)) return toText(path) ?? '';
  return joinPath(path);
}

/** A routing table: a list, a numbered message, or a message that has one under `routes`. */
export async function routeTable(ao: Ao, table: Value | undefined): Promise<readonly Message[]> {
  if (table === undefined) return [];
  const loaded = await ao.load(table);
  if (isMessage(loaded) && loaded.has('routes')) return routeTable(ao, loaded.get('routes'));
  const items = isList(loaded) ? loaded : isMessage(loaded) ? toList(loaded.without('device', 'method', 'path')) : [];
  const routes: Message[] = [];
  for (const item of items) {
    const route = await ao.load(item);
    if (isMessage(route)) routes.push(route);
  }
  return routes;
}

async function matches(ao: Ao, env: Environment, template: Value, asked: Message, path: string): Promise<boolean> {
  if (isBinary(template)) return pathMatches(path, toText(template) ?? '');
  if (!isMessage(template)) return false;
  // A template's own path is an expression, as it is for templates that are only a path.
  const expression = await plain(ao, template, 'path');
  if (isBinary(expression) && !pathMatches(path, toText(expression) ?? '')) return false;
  return (await match(template.without('path'), asked, env, 'primary')) === true;
}
