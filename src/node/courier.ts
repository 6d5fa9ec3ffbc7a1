/** The courier of a node: what `push@1.0` may use, without a request. */
import type { Capabilities } from '../core/device.ts';
import { raise } from '../core/errors.ts';
import type { Resolver } from '../core/resolver.ts';
import { Courier } from '../devices/push/courier.ts';
import type { Outbox } from '../devices/push/outbox.ts';
import type { PushParts } from '../devices/push/post.ts';
import { pushOptions } from '../devices/push.ts';

export interface CourierHost {
  readonly outbox: Outbox;
  /** The node as it is now. */
  readonly resolver: () => Resolver;
  readonly failed: (error: unknown) => void;
}

export function openCourier({ outbox, resolver, failed }: CourierHost): Courier {
  const push = (signal: AbortSignal): PushParts => {
    const { env } = resolver();
    const need = <K extends keyof Capabilities>(name: K): Capabilities[K] =>
      env.capabilities[name] ?? raise('unavailable', `This node has no \`${name}\`.`);
    const set = [...env.options.entries()].filter(([name]) => name in pushOptions.shape);
    return {
      ao: resolver().ao({ signal, lendsKey: false }),
      environment: env,
      cache: env.cache,
      identities: need('identities'),
      schedules: need('schedules'),
      peers: need('peers'),
      clock: need('clock'),
      random: need('random'),
      options: pushOptions.parse(Object.fromEntries(set)),
      outbox,
      signal,
    };
  };
  return new Courier({ outbox, clock: resolver().env.capabilities.clock!, push, failed });
}
