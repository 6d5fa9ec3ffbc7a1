/** Sources from their configuration. */
import type { Environment } from '../../core/environment.ts';
import type { Peers } from '../../core/peers.ts';
import type { RemoteConfig } from '../config.ts';
import { gatewaySource } from './gateway.ts';
import { remoteNodeSource } from './remote-node.ts';
import type { Fetch, Source } from './source.ts';

export interface SourceParts {
  readonly fetch: Fetch;
  readonly peers: Peers;
  readonly environment: () => Environment;
}

/** The sources of a list, in its order. Those that may not be read are left out. */
export function openSources(configs: readonly RemoteConfig[], parts: SourceParts): Source[] {
  return configs
    .filter(({ access }) => access === undefined || access.includes('read'))
    .map((config) => {
      if (config.kind === 'remote-node')
        return remoteNodeSource({ ...parts, url: config.node, keeps: config['local-store'] });
      return gatewaySource({
        ...parts,
        url: config.node,
        ...(config.graphql === undefined ? {} : { graphql: config.graphql }),
        subindex: config.subindex,
        trustGraphql: config['trust-graphql'],
        keeps: config['local-store'],
      });
    });
}
