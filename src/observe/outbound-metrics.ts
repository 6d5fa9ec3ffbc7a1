/** The numbers about requests that this node makes to others, under the names of spec 03 §4.7. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { statusClass } from './status-class.ts';

/** One request that is over. */
export interface OutboundRequest {
  readonly method: string;
  readonly peer: string;
  readonly path: string;
  /** 0 if there was no answer. */
  readonly status: number;
  readonly durationMs: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/** Labels can come from messages: past this many, new ones are counted together. */
const maxLabels = 100;
const otherLabel = 'other';

export class OutboundMetrics {
  readonly #total: Counter<'http_method' | 'route' | 'status_class'>;
  readonly #seconds: Histogram<'http_method' | 'route' | 'status_class'>;
  readonly #chunks: Histogram<'status_class' | 'peer'>;
  readonly #downloaded: Counter<'route'>;
  readonly #uploaded: Counter<'route'>;
  readonly #routes = new Set<string>();
  readonly #peers = new Set<string>();
  #connections: (() => number) | undefined;

  constructor(registry: Registry) {
    const registers = [registry];
    const labelNames = ['http_method', 'route', 'status_class'] as const;
    this.#total = new Counter({
      name: 'gun_requests_total',
      help: 'Requests to others.',
      labelNames: [...labelNames],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'http_request_duration_seconds',
      help: 'Time of requests to others.',
      labelNames: [...labelNames],
      buckets: [0.01, 0.1, 0.5, 1, 5, 10, 30, 60],
      registers,
    });
    this.#chunks = new Histogram({
      name: 'http_client_get_chunk_duration_seconds',
      help: 'Time to get a chunk of Arweave data.',
      labelNames: ['status_class', 'peer'],
      buckets: [0.1, 1, 10, 60],
      registers,
    });
    this.#downloaded = new Counter({
      name: 'http_client_downloaded_bytes_total',
      help: 'Bytes of answers of others.',
      labelNames: ['route'],
      registers,
    });
    this.#uploaded = new Counter({
      name: 'http_client_uploaded_bytes_total',
      help: 'Bytes sent to others.',
      labelNames: ['route'],
      registers,
    });
    const connections = (): number => this.#connections?.() ?? 0;
    new Gauge({
      name: 'outbound_connections',
      help: 'Open connections to others.',
      registers,
      collect() {
        this.set(connections());
      },
    });
  }

  /** Who knows how many connections are open. */
  watchConnections(count: () => number): void {
    this.#connections = count;
  }

  requested({ method, peer, path, status, durationMs, sentBytes, receivedBytes }: OutboundRequest): void {
    const route = bounded(this.#routes, routeOf(path));
    const labels = { http_method: method, route, status_class: statusClass(status) };
    this.#total.inc(labels);
    this.#seconds.observe(labels, durationMs / 1_000);
    if (route === 'chunk') {
      const { status_class } = labels;
      this.#chunks.observe({ status_class, peer: bounded(this.#peers, peer) }, durationMs / 1_000);
    }
    this.#downloaded.inc({ route }, receivedBytes);
    this.#uploaded.inc({ route }, sentBytes);
  }
}

/** The first part of a path that is a name: ids and values would make a label each. */
function routeOf(path: string): string {
  const part = path.split('/').find((one) => one !== '') ?? 'root';
  return /^~?[a-z][a-z0-9-]{0,31}(@[0-9.]{1,8})?$/.test(part) ? part : otherLabel;
}

function bounded(known: Set<string>, label: string): string {
  if (known.has(label)) return label;
  if (known.size >= maxLabels) return otherLabel;
  known.add(label);
  return label;
}
