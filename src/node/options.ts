/**
 * Every option of a node by its dashed name, joined from where they are declared (style §5): flags, environment, files, `config explain` and
 * `docs/config.md` all come from here. An option that nothing reads has no place in it.
 */
import type * as z from 'zod';
import type { Device } from '../core/device.ts';
import { allDevices } from '../devices/all.ts';
import { listenerOptions } from '../http/options.ts';
import { clientOptions } from '../net/options.ts';
import { nodeOptions } from './node-options.ts';

/** Names that the reference gives to options of ours. */
export const optionAliases: ReadonlyMap<string, string> = new Map([
  ['http-client-connect-timeout', 'peer-connect-timeout-ms'],
  ['http-client-keepalive', 'peer-keep-alive-ms'],
  ['http-client-pool-size', 'peer-max-connections-per-peer'],
  ['http-client-send-timeout', 'peer-request-timeout-ms'],
  ['http-connect-timeout', 'peer-connect-timeout-ms'],
  ['http-keepalive', 'peer-keep-alive-ms'],
  ['http-request-send-timeout', 'peer-request-timeout-ms'],
  ['http-retry', 'peer-retries'],
  ['http-retry-mode', 'peer-retry-mode'],
  ['http-retry-time', 'peer-retry-ms'],
  ['idle-timeout', 'idle-timeout-ms'],
  ['node-host', 'host'],
  ['process-worker-max-idle', 'process-idle'],
]);

/** Options of the reference that mean nothing here. They are accepted, so that its configuration files work. */
export const ignoredOptions: ReadonlySet<string> = new Set(
  `access-remote-cache-for-client ans104-trust-gql arweave-chunk-fetch-concurrency attested-store await-inprogress
  bundler-ans104-http-client cache-lookup-hueristics client-error-strategy compute-mode debug-committers debug-ids debug-log
  debug-metadata debug-print debug-print-binary-max debug-print-fail-mode debug-print-indent debug-print-map-line-threshold
  debug-print-trace debug-print-truncate debug-print-verify debug-resolve-links debug-show-priv debug-stack-depth debug-trace-type
  error-details-max-size gun hb-config-location http-client http-client-hackney-checkout-timeout
  http-client-hackney-max-connections http-client-hackney-recv-timeout http-client-max-overflow http-extra-opts http-only-result
  http-retry-response log-dir log-max-bytes log-max-files lua-scripts lua-tests match-index node-history
  num-acceptors paranoid-verify preloaded-devices process-async-cache process-sampler process-sampler-interval
  process-snapshot-slots process-snapshot-time process-workers protocol relay-http-client scheduler-async-remote-cache
  scheduler-default-commitment-spec scheduler-ignore-local-cache scheduler-in-memory-cache scheduler-lookahead
  short-trace-len snp-enforced-keys stack-print-prefixes system-monitor trusted wasm-allow-aot`.split(/\s+/),
);

interface OptionMeta {
  readonly env?: string;
  readonly flag?: string;
  readonly live?: boolean;
  readonly hidden?: boolean;
}

/** What the parts' own declarations don't say. */
const edgeMeta: { readonly [name: string]: OptionMeta } = {
  bind: { flag: 'host' },
  port: { env: 'HB_PORT' },
  tls: { hidden: true },
  spoolDirectory: { hidden: true },
};

export interface OptionDeclaration {
  readonly name: string;
  readonly schema: z.ZodType;
  readonly doc: string;
  readonly env: string | undefined;
  /** `--<flag>`: the name, or a shorter one. */
  readonly flag: string;
  /** A change over `meta@1.0` takes effect at once. */
  readonly live: boolean;
  /** Not in the node message, which everybody can read. */
  readonly hidden: boolean;
  /** Which part of the node it belongs to. */
  readonly section: string;
}

/** Every option by its dashed name, those of devices that are brought along (`own`) included. */
export function declarations(own: readonly Device[] = []): ReadonlyMap<string, OptionDeclaration> {
  const all = new Map<string, OptionDeclaration>();
  const add = (section: string, name: string, schema: z.ZodType, given: OptionMeta = {}): void => {
    const meta: OptionMeta = { ...given, ...(schema.meta() as OptionMeta | undefined) };
    all.set(name, {
      name,
      schema,
      doc: schema.description ?? '',
      env: meta.env,
      flag: meta.flag ?? name,
      live: meta.live ?? false,
      hidden: meta.hidden ?? false,
      section,
    });
  };
  for (const [name, schema] of Object.entries(nodeOptions.shape)) add('node', name, schema);
  for (const [name, schema] of Object.entries(listenerOptions.shape)) {
    add('http', dashed(name), schema, edgeMeta[name]);
  }
  for (const [name, schema] of Object.entries(clientOptions.shape)) {
    add('requests to others', `peer-${dashed(name)}`, schema);
  }
  for (const device of [...allDevices, ...own]) {
    for (const [name, schema] of Object.entries(shapeOf(device))) {
      if (!all.has(name)) add(device.name, name, schema, { live: true });
    }
  }
  return all;
}

/** The options of a device by name. Looked at by form, because a device from outside may have a Zod of its own; other libraries don't tell. */
function shapeOf({ options }: Device): { readonly [name: string]: z.ZodType } {
  return options !== undefined && 'shape' in options
    ? ((options as unknown as z.ZodObject).shape as { readonly [name: string]: z.ZodType })
    : {};
}

/** `maxBodyBytes` → `max-body-bytes`. */
export function dashed(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
