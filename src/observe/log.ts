/**
 * The log: one JSON object a line on stderr (pino). Request ids tie lines together; headers, bodies, keys and anything private never
 * reach it: callers pass named fields, not messages.
 */
import { type DestinationStream, destination, type Logger, pino } from 'pino';

export type { Logger };

export function createLog(level: string, stream: DestinationStream = destination({ fd: 2, sync: true })): Logger {
  return pino(
    {
      level,
      base: null,
      serializers: { err: errorFields },
      timestamp: pino.stdTimeFunctions.isoTime,
      // A last line of defence: nothing private is passed on purpose.
      redact: {
        paths: ['priv', '*.priv', 'priv-wallet', '*.priv-wallet', 'headers', '*.headers'],
        censor: '(private)',
      },
    },
    stream,
  );
}

/** An exception's name, sentence, place and causes. Other properties may hold messages, and with them what nobody should read. */
function errorFields(thrown: unknown, depth = 0): unknown {
  if (!(thrown instanceof Error)) return { message: typeof thrown === 'string' ? thrown : 'not an error' };
  const code = 'code' in thrown && typeof thrown.code === 'string' ? { code: thrown.code } : {};
  const cause = thrown.cause === undefined || depth > 2 ? {} : { cause: errorFields(thrown.cause, depth + 1) };
  return { type: thrown.name, message: thrown.message, ...code, stack: thrown.stack, ...cause };
}
