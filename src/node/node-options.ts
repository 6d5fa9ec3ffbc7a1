/**
 * The options of a node that belong to no part of it alone. Options of the HTTP edge, of the client and of devices stand next to their
 * code; `options.ts` joins all of them.
 *
 * Metadata: `env` names the environment variable, `flag` a flag that is called otherwise, `live` says that a change over `meta@1.0` takes
 * effect at once, `hidden` keeps the option out of the node message, which everybody can read.
 */
import * as z from 'zod';
import { isMessage, type Message, message } from '../core/message.ts';
import { isList, type Value } from '../core/value.ts';

/** A value of the protocol, of any shape: hooks, routes, resolvers. */
const value = z.custom<Value>((given) => given !== undefined);
const submessage = z.custom<Message>((given) => isMessage(given), 'has to be a message');
const list = z.custom<readonly Value[] | Message>(
  (given) => isList(given as Value) || isMessage(given),
  'has to be a list',
);

/** `ui`, `text` or `Device/Path`, as the reference's environment variable has it; or the message itself. */
const index = z
  .custom<Value>((given) => typeof given === 'string' || isMessage(given), 'has to be `ui`, `text` or `Device/Path`')
  .transform((given): Value => (typeof given === 'string' ? indexNamed(given) : given));

function indexNamed(name: string): Message {
  if (name === 'ui') return message({ device: 'hyperbuddy@1.0' });
  if (name === 'text') return message({ device: 'hyperbuddy@1.0', path: 'format' });
  const slash = name.indexOf('/');
  return slash < 0 ? message({ device: name }) : message({ device: name.slice(0, slash), path: name.slice(slash + 1) });
}

/** Options of the node as a whole. */
export const nodeOptions = z.strictObject({
  'data-dir': z
    .string()
    .default('data')
    .describe('Where everything is kept that has to survive a restart.')
    .meta({ env: 'HB_DATA_DIR', hidden: true }),
  'priv-key-location': z
    .string()
    .optional()
    .describe('The node’s key, a JWK file; made on first start. `hyperbeam-key.json` in the data directory if unset.')
    .meta({ env: 'HB_KEY', flag: 'wallet' }),
  mode: z
    .enum(['debug', 'prod'])
    .default('debug')
    .describe('`prod` hides what only developers need.')
    .meta({ env: 'HB_MODE' }),
  dialect: z
    .enum(['2025-09', '2025-11', '2026'])
    .default('2025-11')
    .describe('The state of the network whose wire rules are written. All are read.'),
  host: z
    .string()
    .optional()
    .describe('The address at which others reach this node, as `whois@1.0` tells it.')
    .meta({ flag: 'public-host', live: true }),
  'host-bootstrap-node': value
    .optional()
    .describe('A node that is asked for our `host` if that is not set.')
    .meta({ live: true }),
  'port-external': z
    .int()
    .min(1)
    .max(65_535)
    .optional()
    .describe('The port other nodes are told to reach this one at; its own if unset.')
    .meta({ live: true }),
  url: z
    .string()
    .optional()
    .describe('The address this node registers as a scheduler with, `https://…`.')
    .meta({ live: true }),
  'store-kind': z
    .enum(['lmdb', 'fs', 'memory'])
    .default('lmdb')
    .describe('How the data directory is kept. `memory` keeps nothing.'),
  'cache-memory-bytes': z
    .int()
    .min(0)
    .default(64 * 1024 * 1024)
    .describe('Memory for messages read lately, in bytes.'),
  store: list
    .optional()
    .describe(
      'Stores in the order they are asked, instead of `store-kind`: `kind` (`lmdb`, `fs`, `memory`, `lru`, `gateway`, `remote-node`) and what that needs.',
    )
    .meta({ hidden: true }),
  'priv-store': list
    .optional()
    .describe('As `store`, for what must stay in this node. Files in `private` in the data directory if unset.')
    .meta({ hidden: true }),
  'scheduler-store': list
    .optional()
    .describe('Stores for schedules, as in `store`; if unset they are kept in `store`.')
    .meta({ hidden: true }),
  'process-store': list
    .optional()
    .describe('Stores for what processes were after each slot, as in `store`; if unset they are kept in `store`.')
    .meta({ hidden: true }),
  'store-defaults': submessage
    .optional()
    .describe('Kind of store → what every store of that kind has that says nothing else.')
    .meta({ hidden: true }),
  'disk-reserve-bytes': z
    .int()
    .min(0)
    .default(1024 * 1024 * 1024)
    .describe(
      'With less free disk space than this nothing is kept that strangers leave behind: signed requests, results, locations.',
    ),
  'log-level': z
    .enum(['silent', 'error', 'warn', 'info', 'debug', 'trace'])
    .default('info')
    .describe('What goes to the log.')
    .meta({ env: 'HB_LOG_LEVEL' }),
  prometheus: z.boolean().default(true).describe('Keep metrics and serve them at `/~hyperbuddy@1.0/metrics`.'),
  operator: z
    .string()
    .optional()
    .describe('Address that may change the node; the node’s own if unset; `unclaimed` for whoever comes first.')
    .meta({ live: true }),
  initialized: z
    .enum(['true', 'false', 'permanent'])
    .default('true')
    .describe('`false` waits to be configured; `permanent` can never be changed again.')
    .meta({ live: true }),
  identities: submessage.optional().describe('More keys this node acts with: name → `{priv-key-location}`.'),
  on: submessage
    .optional()
    .describe('Hooks: `start`, `request`, `response`, `step` → a message or a list of them.')
    .meta({ live: true }),
  routes: list.optional().describe('Where outbound requests go.').meta({ live: true }),
  'router-opts': submessage
    .optional()
    .describe('For `router@1.0`: `provider` (who has the routes), `registrar`, `registrar-path`, `offered`.')
    .meta({ live: true }),
  'route-owners': list
    .optional()
    .describe('Addresses that may add routes; the operator if unset.')
    .meta({ live: true }),
  'router-preprocess-default': z
    .enum(['local', 'error'])
    .default('local')
    .describe('What `router@1.0` as a hook does with requests that no route is for.')
    .meta({ live: true }),
  'http-monitor': submessage
    .optional()
    .describe('A message that is resolved after each request to another node, with how long it took as `body`.')
    .meta({ live: true }),
  'http-reference': z.string().optional().describe('What `http-monitor` is told as `reference`.').meta({ live: true }),
  gateway: z
    .string()
    .default('https://arweave.net')
    .describe('The Arweave gateway that `gateway-reads` and `gateway-blocks` ask.'),
  'gateway-reads': z
    .boolean()
    .default(false)
    .describe('Ask the gateway for messages that are not here. Everything it answers is verified.'),
  'gateway-blocks': z
    .boolean()
    .default(false)
    .describe('Ask the gateway for the newest block, which assignments tell; otherwise they say block 0.'),
  'bundler-ans104': z
    .string()
    .optional()
    .describe('The bundler to which scheduled messages and assignments go that are signed as data items.'),
  'bundler-httpsig': z.string().optional().describe('The same for those that are signed with httpsig.'),
  peers: z.array(z.string()).default([]).describe('Nodes that are asked for messages that are not here.'),
  'default-request': z
    .string()
    .default('/~hyperbuddy@1.0/dashboard')
    .describe('Where `GET /` leads.')
    .meta({ live: true }),
  'force-signed': z.boolean().default(true).describe('Sign answers with the node’s key.').meta({ live: true }),
  'force-signed-requests': z.boolean().default(false).describe('Refuse unsigned requests.').meta({ live: true }),
  'store-all-signed': z
    .boolean()
    .default(true)
    .describe('Keep every signed request, readable by its id.')
    .meta({ live: true }),
  'generate-index': z.boolean().default(true).describe('Show messages to browsers as pages.').meta({ live: true }),
  'default-codec': z
    .string()
    .default('httpsig@1.0')
    .describe('Codec of requests and answers that name none.')
    .meta({ live: true }),
  'sign-hashpath': z
    .boolean()
    .default(false)
    .describe('Sign how an answer was computed along with it.')
    .meta({ live: true }),
  'http-inbound-filter-keys': list.optional().describe('Request headers that never become keys.').meta({ live: true }),
  'commitment-device': z
    .string()
    .default('httpsig@1.0')
    .describe('What messages are committed with.')
    .meta({ live: true }),
  'cache-writers': list
    .optional()
    .describe('Addresses that may write to the cache; the node’s own always may.')
    .meta({ live: true }),
  'name-resolvers': list.optional().describe('Who is asked for names, in order.').meta({ live: true }),
  'local-names': submessage.optional().describe('Names of this node: name → value.').meta({ live: true }),
  'node-processes': submessage.optional().describe('Processes of this node: name → definition.').meta({ live: true }),
  'node-process-spawn-codec': z
    .string()
    .default('httpsig@1.0')
    .describe('What processes of this node are signed with.')
    .meta({ live: true }),
  'default-index': index
    .default(indexNamed('ui'))
    .describe('What shows a message that has no page of its own: `ui`, `text` or `Device/Path`.')
    .meta({ env: 'HB_INDEX', live: true }),
  'default-index-path': z
    .string()
    .default('index')
    .describe('The path `default-index` is asked for.')
    .meta({ live: true }),
  'manifest-404': z
    .enum(['fallback', 'error'])
    .default('fallback')
    .describe('What a manifest answers for a path it does not have: its fallback page, or 404.')
    .meta({ live: true }),
  'cookie-default-generator': value
    .optional()
    .describe('How `cookie@1.0` makes the secrets of new visitors: `random`, or a message.')
    .meta({ live: true }),
  'cache-control': list
    .optional()
    .describe('How results are kept where the request does not say: `always`, `no-cache`, `no-store` and so on.')
    .meta({ live: true }),
  profiling: value
    .optional()
    .describe('Whether `profile@1.0` may be used: `true`, `false`, or the addresses that may.')
    .meta({ live: true }),
  'load-remote-devices': z
    .boolean()
    .default(false)
    .describe('Look for devices named by an id. None can run here; the refusal says why.')
    .meta({ live: true }),
  'trusted-device-signers': list
    .optional()
    .describe('Addresses whose devices `load-remote-devices` looks at.')
    .meta({ live: true }),
  'hyperbuddy-serve': submessage.optional().describe('More files of the console: path → content.').meta({ live: true }),
  'slot-time-limit': z
    .int()
    .positive()
    .default(60_000)
    .describe('Time one slot of a process may take, in milliseconds.'),
  'dry-run-time-limit': z
    .int()
    .positive()
    .default(1_000)
    .describe('Time a dry run of a process may take (`as=execution`), waiting included, in milliseconds.'),
  'max-warm-processes': z.int().positive().default(1_000).describe('Processes kept in memory at one time.'),
  'process-memory-bytes': z
    .int()
    .positive()
    .optional()
    .describe('Memory for the machines of processes; a quarter of the machine’s if unset.'),
  'process-idle': z
    .int()
    .positive()
    .default(300_000)
    .describe('A process nobody asked for this long is put away, in milliseconds.'),
  workers: z
    .int()
    .min(0)
    .optional()
    .describe('Threads that compute processes; one less than there are cores if unset, 0 for none.'),
});
