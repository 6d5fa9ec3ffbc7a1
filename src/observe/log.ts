/**
 * The log: one JSON object a line on stderr (pino). Request ids tie lines together; headers, bodies, keys and anything private never
 * reach it: callers pass named fields, not messages.
 */
import { destination, type Logger, pino } from 'pino';

export type { Logger };

export function createLog(level: string): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      // A last line of defence: nothing private is passed on purpose.
      redact: {
        paths: ['priv', '*.priv', 'priv-wallet', '*.priv-wallet', 'headers', '*.headers'],
        censor: '(private)',
      },
    },
    destination({ fd: 2, sync: true }),
  );
}
