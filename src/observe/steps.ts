/**
 * What is seen of resolution: how many steps came to which end (`event{topic="ao_result"}`, spec 03 §4.7) and, if somebody collects spans,
 * one span per device call, inside the span of the call or request that made it.
 *
 * Names of devices and keys go into spans; values never do.
 */
import { SpanStatusCode, type Tracer } from '@opentelemetry/api';
import { andThen, isPromise } from '../core/awaitable.ts';
import type { StepObserver } from '../core/environment.ts';
import type { EventCounters } from './events.ts';

export function stepObserver(events: EventCounters, tracer: Tracer | undefined): StepObserver {
  const observer: StepObserver = { ended: (status) => events.count('ao_result', status) };
  if (tracer === undefined) return observer;
  return {
    ...observer,
    around(device, key, run) {
      const attributes = { 'ao.device': device, 'ao.key': key };
      return tracer.startActiveSpan(`${device} ${key}`, { attributes }, (span) => {
        try {
          const outcome = andThen(run(), (ended) => {
            if (ended.status === 'error') {
              span.setStatus({ code: SpanStatusCode.ERROR, message: ended.error.code });
            }
            span.end();
            return ended;
          });
          if (isPromise(outcome)) outcome.catch(() => span.end());
          return outcome;
        } catch (thrown) {
          span.end();
          throw thrown;
        }
      });
    },
  };
}
