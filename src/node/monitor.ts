/**
 * The operator's monitor (spec 03 §2.7.3): with the option `http-monitor` set, every request this node made to another one is followed by
 * resolving that message with a report, signed by the node, as its `body`. Nobody waits for it, and its own requests are not reported.
 *
 *     {path: "duration", method: "POST", request-method, request-path, status-class, duration, reference}
 */
import { isMessage, message } from '../core/message.ts';
import type { Completed } from '../net/client.ts';
import type { Logger } from '../observe/log.ts';
import { statusClass } from '../observe/status-class.ts';
import type { RunningNode } from './control.ts';

/** Reports under way at one time; further ones are dropped, so that a slow monitor holds nothing up. */
const maxReports = 100;

export function outboundMonitor(running: RunningNode, log: Pick<Logger, 'warn'>): (completed: Completed) => void {
  let reporting = 0;
  const report = async (completed: Completed): Promise<void> => {
    const options = running.options();
    const monitor = options.get('http-monitor');
    if (!isMessage(monitor)) return;
    const ao = running.resolver.ao();
    const reference = options.get('http-reference');
    const body = await ao.commit(
      message({
        path: 'duration',
        method: 'POST',
        'request-method': completed.method,
        'request-path': completed.path,
        'status-class': statusClass(completed.status),
        duration: Math.round(completed.durationMs),
        ...(reference === undefined ? {} : { reference }),
      }),
    );
    const outcome = await ao.resolveRequest(monitor.with('body', body));
    if (outcome.status === 'error') log.warn({ code: outcome.error.code }, 'The monitor of outbound requests failed.');
  };
  return (completed) => {
    if (reporting >= maxReports || !running.options().has('http-monitor') || isMonitors(running, completed)) return;
    reporting++;
    report(completed)
      .catch((err: unknown) => log.warn({ err }, 'The monitor of outbound requests failed.'))
      .finally(() => reporting--);
  };
}

/** Whether this is the monitor's own request, which would be followed by another one, and so on. */
function isMonitors(running: RunningNode, { path }: Completed): boolean {
  const monitor = running.options().get('http-monitor');
  const own = isMessage(monitor) ? monitor.get('path') : undefined;
  return typeof own === 'string' && path.endsWith(own.split('?', 1)[0]!);
}
