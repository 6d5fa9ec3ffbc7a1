/**
 * Every option of a node, declared once (style §5): flags, environment, files, `config explain` and `docs/config.md` all come from here.
 * Options of the HTTP edge and of devices stand next to their code; this file joins them under their dashed names and adds the node's own.
 *
 * Metadata: `env` names the environment variable, `live` says that a change over `meta@1.0` takes effect at once, `unit` is for people.
 */
import * as z from 'zod';
import { isMessage, type Message } from '../core/message.ts';
import { isList, type Value } from '../core/value.ts';
import { allDevices } from '../devices/all.ts';
import { listenerOptions } from '../http/options.ts';
import { clientOptions } from '../net/options.ts';

/** A value of the protocol, of any shape: hooks, routes, resolvers. */
const value = z.custom<Value>((given) => given !== undefined);
const submessage = z.custom<Message>((given) => isMessage(given), 'has to be a message');
const list = z.custom<readonly Value[] | Message>(
  (given) => isList(given as Value) || isMessage(given),
  'has to be a list',
);

/** Options of the node as a whole. */
const nodeOptions = z.strictObject({
  'data-dir': z
    .string()
    .default('data')
    .describe('Where everything is kept that has to survive a restart.')
    .meta({ env: 'HB_DATA_DIR' }),
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
  host: z.string().optional().describe('The public host name of this node, for other nodes.').meta({ live: true }),
  'store-kind': z
    .enum(['lmdb', 'fs', 'memory'])
    .default('lmdb')
    .describe('How the data directory is kept. `memory` keeps nothing.'),
  'cache-memory-bytes': z
    .int()
    .min(0)
    .default(64 * 1024 * 1024)
    .describe('Memory for messages read lately.'),
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
  gateway: z.string().default('https://arweave.net').describe('Arweave gateway.').meta({ live: true }),
  'gateway-reads': z
    .boolean()
    .default(false)
    .describe('Ask the gateway for messages that are not here. Everything it answers is verified.'),
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
  'default-index': value.optional().describe('What shows a message that has no page of its own.').meta({ live: true }),
  'hyperbuddy-serve': submessage.optional().describe('More files of the console: path → content.').meta({ live: true }),
  'slot-time-limit': z
    .int()
    .positive()
    .default(60_000)
    .describe('Time one slot of a process may take, in milliseconds.'),
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

/** Options of the reference that mean nothing here. They are accepted, so that its configuration files work. */
export const ignoredOptions: ReadonlySet<string> = new Set(
  `http-client gun relay-http-client bundler-ans104-http-client scheduling-mode compute-mode cache-control cache-lookup-hueristics
  await-inprogress access-remote-cache-for-client load-remote-devices trusted-device-signers client-error-strategy
  http-connect-timeout http-keepalive http-request-send-timeout wasm-allow-aot profiling node-history debug-stack-depth debug-print
  debug-print-map-line-threshold debug-print-binary-max debug-print-indent stack-print-prefixes debug-print-trace debug-trace-type
  short-trace-len debug-metadata debug-ids debug-committers debug-resolve-links debug-show-priv debug-print-fail-mode trusted
  snp-enforced-keys preloaded-devices store store-defaults priv-store ans104-trust-gql http-extra-opts process-workers router-opts
  hb-config-location scheduler-store process-async-cache process-snapshot-slots process-snapshot-time process-worker-max-idle protocol
  idle-timeout bundler-ans104 bundler-httpsig http-monitor http-reference port-external host-bootstrap-node
  scheduler-lookahead scheduler-ignore-local-cache scheduler-in-memory-cache scheduler-async-remote-cache ao-types`.split(
    /\s+/,
  ),
);

export interface OptionDeclaration {
  readonly name: string;
  readonly schema: z.ZodType;
  readonly doc: string;
  readonly env: string | undefined;
  /** `--<flag>`: the name, or a shorter one. */
  readonly flag: string;
  readonly live: boolean;
  /** Which part of the node it belongs to. */
  readonly section: string;
}

/** Every option by its dashed name. */
export function declarations(): ReadonlyMap<string, OptionDeclaration> {
  const all = new Map<string, OptionDeclaration>();
  const add = (
    section: string,
    name: string,
    schema: z.ZodType,
    meta: { env?: string; flag?: string; live?: boolean } = {},
  ): void => {
    const own = (schema.meta() ?? {}) as { env?: string; flag?: string; live?: boolean };
    const env = own.env ?? meta.env;
    all.set(name, {
      name,
      schema,
      doc: schema.description ?? '',
      env,
      flag: own.flag ?? meta.flag ?? name,
      live: own.live ?? meta.live ?? false,
      section,
    });
  };
  for (const [name, schema] of Object.entries(nodeOptions.shape)) add('node', name, schema);
  for (const [name, schema] of Object.entries(listenerOptions.shape)) {
    const dashed = listenerOptionName(name);
    add('http', dashed, schema, name === 'port' ? { env: 'HB_PORT' } : name === 'bind' ? { flag: 'host' } : {});
  }
  for (const [name, schema] of Object.entries(clientOptions.shape)) {
    add('requests to others', `peer-${listenerOptionName(name)}`, schema);
  }
  for (const device of allDevices) {
    if (!(device.options instanceof z.ZodObject)) continue;
    for (const [name, schema] of Object.entries(device.options.shape)) {
      if (!all.has(name)) add(device.name, name, schema as z.ZodType, { live: true });
    }
  }
  return all;
}

/** `maxBodyBytes` ↔ `max-body-bytes`. */
export function listenerOptionName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
