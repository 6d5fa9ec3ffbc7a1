/** Who watches the HTTP edge. All of it is optional; what isn't there costs nothing. */
import type { Tracer } from '@opentelemetry/api';

/** The part of pino that the edge uses. Headers, bodies and keys are never passed to it. */
export interface Log {
  isLevelEnabled(level: string): boolean;
  debug(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  error(fields: object, text: string): void;
}

export interface HttpMetrics {
  /** A request was answered. */
  served(method: string, status: number, seconds: number): void;
  /** A request was turned away by its head alone, or could not be read. */
  refused(status: number): void;
  /** Something in the node failed while answering. */
  failed(): void;
  /** A connection changed to HTTP/2. */
  upgraded(): void;
  bodyReceived(seconds: number): void;
  encoded(status: number, seconds: number): void;
}

export interface Observers {
  readonly log?: Log;
  readonly metrics?: HttpMetrics;
  /** Given only when somebody collects spans. */
  readonly tracer?: Tracer;
}
