/**
 * The node's numbers in Prometheus form (spec 03 §4.7): the names that dashboards of the network ask for, and our own. Each node has a
 * registry of its own, so fifty nodes in a process don't mix theirs.
 */
import { loadavg } from 'node:os';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { EventCounters } from './events.ts';
import { OutboundMetrics, type OutboundRequest } from './outbound-metrics.ts';
import { statusClass } from './status-class.ts';

const durations = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** What the HTTP edge reports; the same shape as `http/observers.ts` asks for. */
export class NodeMetrics {
  readonly registry = new Registry();
  readonly #requests: Counter<'method' | 'reason' | 'status_class'>;
  readonly #total: Counter;
  readonly #errors: Counter;
  readonly #early: Counter;
  readonly #upgrades: Counter;
  readonly #duration: Histogram<'method' | 'status_class'>;
  readonly #bodies: Histogram;
  readonly #server: Histogram<'status_code'>;
  readonly #encoding: Histogram<'status_code'>;
  readonly #outbound: OutboundMetrics;

  constructor(events: EventCounters) {
    const registers = [this.registry];
    const started = performance.now();
    collectDefaultMetrics({ register: this.registry });
    new Gauge({
      name: 'process_uptime_seconds',
      help: 'Seconds since the node started.',
      registers,
      collect() {
        this.set((performance.now() - started) / 1000);
      },
    });
    new Gauge({
      name: 'system_load',
      help: 'Load of the machine over five minutes.',
      registers,
      collect() {
        this.set(loadavg()[1] ?? 0);
      },
    });
    new Gauge({
      name: 'event',
      help: 'AO-Core execution events.',
      labelNames: ['topic', 'event'],
      registers,
      collect() {
        for (const [topic, counts] of events.snapshot()) {
          for (const [event, count] of counts) this.set({ topic, event }, count);
        }
      },
    });
    this.#outbound = new OutboundMetrics(this.registry);
    const counter = (name: string, help: string): Counter => new Counter({ name, help, registers });
    this.#total = counter('cowboy_requests_total', 'Requests answered.');
    this.#errors = counter('cowboy_errors_total', 'Requests during which something in the node failed.');
    this.#early = counter('cowboy_early_errors_total', 'Requests refused by their head alone.');
    this.#upgrades = counter('cowboy_protocol_upgrades_total', 'Connections that changed their protocol.');
    this.#requests = new Counter({
      name: 'cowboy_spawned_processes_total',
      help: 'Requests by method and outcome.',
      labelNames: ['method', 'reason', 'status_class'],
      registers,
    });
    this.#duration = new Histogram({
      name: 'cowboy_request_duration_seconds',
      help: 'Time from the head of a request to the end of its answer.',
      labelNames: ['method', 'status_class'],
      buckets: durations,
      registers,
    });
    this.#bodies = new Histogram({
      name: 'cowboy_receive_body_duration_seconds',
      help: 'Time to receive a request body.',
      buckets: durations,
      registers,
    });
    this.#server = new Histogram({
      name: 'http_server_duration_seconds',
      help: 'Time to answer.',
      labelNames: ['status_code'],
      buckets: durations,
      registers,
    });
    this.#encoding = new Histogram({
      name: 'http_server_encoding_duration_seconds',
      help: 'Time to encode and sign an answer.',
      labelNames: ['status_code'],
      buckets: durations,
      registers,
    });
  }

  /** This node asked another. */
  requested(request: OutboundRequest): void {
    this.#outbound.requested(request);
  }

  watchConnections(count: () => number): void {
    this.#outbound.watchConnections(count);
  }

  served(method: string, status: number, seconds: number): void {
    const status_class = statusClass(status);
    this.#total.inc();
    this.#requests.inc({ method, reason: 'normal', status_class });
    this.#duration.observe({ method, status_class }, seconds);
    this.#server.observe({ status_code: status }, seconds);
  }

  refused(_status: number): void {
    this.#early.inc();
  }

  failed(): void {
    this.#errors.inc();
  }

  upgraded(): void {
    this.#upgrades.inc();
  }

  bodyReceived(seconds: number): void {
    this.#bodies.observe(seconds);
  }

  encoded(status: number, seconds: number): void {
    this.#encoding.observe({ status_code: status }, seconds);
  }

  async render(): Promise<{ readonly contentType: string; readonly body: string }> {
    return { contentType: 'text/plain; version=0.0.4', body: await this.registry.metrics() };
  }
}
