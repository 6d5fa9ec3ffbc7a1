/** What an operator can see of a running node: metrics, spans and the log; and what nobody may see in it. */
import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { describe, expect, test } from 'vitest';
import { message } from '../core/message.ts';
import { HttpClient } from '../net/client.ts';
import { createLog } from '../observe/log.ts';
import { startNode, testJwk, testWallet } from '../testing/index.ts';
import { startNode as assemble, type Node } from './assemble.ts';
import { configFrom } from './config.ts';
import { createLibrary } from './library.ts';

const metricsOf = async (node: Pick<Node, 'url'>): Promise<string> =>
  (await fetch(`${node.url}/~hyperbuddy@1.0/metrics`)).text();

/** The value of the first sample that starts like this. */
function sample(metrics: string, start: string): number {
  const line = metrics.split('\n').find((one) => one.startsWith(start));
  return line === undefined ? Number.NaN : Number(line.slice(line.lastIndexOf(' ') + 1));
}

describe('metrics', () => {
  test('the names that dashboards of the network ask for', async () => {
    await using node = await startNode();
    const metrics = await metricsOf(node);
    for (const name of [
      'event',
      'process_uptime_seconds',
      'system_load',
      'gun_requests_total',
      'outbound_connections',
      'http_request_duration_seconds',
      'http_client_get_chunk_duration_seconds',
      'http_client_downloaded_bytes_total',
      'http_client_uploaded_bytes_total',
      'cowboy_requests_total',
      'cowboy_errors_total',
      'cowboy_early_errors_total',
      'cowboy_protocol_upgrades_total',
      'cowboy_spawned_processes_total',
      'cowboy_request_duration_seconds',
      'cowboy_receive_body_duration_seconds',
      'http_server_duration_seconds',
      'http_server_encoding_duration_seconds',
    ]) {
      expect(metrics).toContain(`# TYPE ${name} `);
    }
  });

  test('requests, steps and requests to others are counted', async () => {
    await using other = await startNode();
    await using node = await startNode({ options: { 'host-bootstrap-node': other.url } });
    await fetch(`${node.url}/~message@1.0&a=b/a`);
    await fetch(`${node.url}/nothing`);
    await fetch(`${node.url}/~message@1.0/set/a`, {
      method: 'POST',
      body: '{"a":"b"}',
      headers: { 'content-type': 'application/json' },
    });
    await fetch(`${node.url}/~hyperbuddy@1.0/throw`);
    await fetch(`${node.url}/~whois@1.0/node`);
    const metrics = await metricsOf(node);
    expect(sample(metrics, 'cowboy_requests_total')).toBe(5);
    expect(sample(metrics, 'cowboy_spawned_processes_total{method="GET",reason="normal",status_class="success"}')).toBe(
      2,
    );
    expect(
      sample(metrics, 'cowboy_spawned_processes_total{method="POST",reason="normal",status_class="success"}'),
    ).toBe(1);
    expect(sample(metrics, 'cowboy_receive_body_duration_seconds_count')).toBe(1);
    expect(sample(metrics, 'event{topic="ao_result",event="ok"}')).toBeGreaterThan(3);
    expect(sample(metrics, 'event{topic="ao_result",event="error"}')).toBeGreaterThan(0);
    const outbound = 'http_method="GET",route="~whois@1.0",status_class="success"';
    expect(sample(metrics, `gun_requests_total{${outbound}}`)).toBe(1);
    expect(sample(metrics, `http_request_duration_seconds_count{${outbound}}`)).toBe(1);
    expect(sample(metrics, 'http_client_downloaded_bytes_total{route="~whois@1.0"}')).toBeGreaterThan(0);
    expect(sample(metrics, 'outbound_connections')).toBe(1);
    const events = await (await fetch(`${node.url}/~hyperbuddy@1.0/events/ao_result/ok`)).text();
    expect(Number(events)).toBeGreaterThan(3);
  });

  test('strangers can not make endless labels', async () => {
    const { OutboundMetrics } = await import('../observe/outbound-metrics.ts');
    const { Registry } = await import('prom-client');
    const registry = new Registry();
    const metrics = new OutboundMetrics(registry);
    const one = { method: 'GET', peer: 'p', status: 200, durationMs: 1, sentBytes: 0, receivedBytes: 0 };
    for (let i = 0; i < 500; i++) metrics.requested({ ...one, path: `/n${'x'.repeat(i % 30)}${i}`, peer: `p${i}` });
    for (let i = 0; i < 500; i++) metrics.requested({ ...one, path: `/chunk/${i}`, peer: `p${i}` });
    metrics.requested({ ...one, path: '/48MuC1RmQNL6R8C0exlGXGU-RckYJdqoKykBcf279gY/x' });
    const text = await registry.metrics();
    expect(text.split('\n').filter((line) => line.startsWith('gun_requests_total{')).length).toBeLessThanOrEqual(101);
    expect(text.split('\n').filter((line) => /chunk_duration_seconds_count/.test(line)).length).toBeLessThanOrEqual(
      101,
    );
    expect(text).not.toContain('48MuC1');
  });

  test('without `prometheus` there are none', async () => {
    await using node = await startNode({ options: { prometheus: false } });
    expect(await metricsOf(node)).toBe('Prometheus metrics disabled.');
  });
});

describe('spans', () => {
  test('one per request and one per device call, inside each other; values are in none of them', async () => {
    const exporter = new InMemorySpanExporter();
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    trace.setGlobalTracerProvider(provider);
    try {
      await using node = await startNode();
      exporter.reset();
      await (await fetch(`${node.url}/~meta@1.0/info/address`)).text();
      const spans = exporter.getFinishedSpans();
      const named = (name: string): ReadableSpan => spans.find((span) => span.name === name)!;
      const [request, info] = [named('GET'), named('meta@1.0 info')];
      expect(request.attributes).toEqual({
        'http.request.method': 'GET',
        'url.path': '/~meta@1.0/info/address',
        'http.response.status_code': 200,
      });
      expect(info.attributes).toEqual({ 'ao.device': 'meta@1.0', 'ao.key': 'info' });
      expect(info.parentSpanContext?.spanId).toBe(request.spanContext().spanId);
      expect(spans.map(({ name }) => name)).not.toContain('probe');

      exporter.reset();
      await (await fetch(`${node.url}/~hyperbuddy@1.0/throw`)).text();
      const thrown = exporter.getFinishedSpans().find(({ name }) => name === 'hyperbuddy@1.0 throw')!;
      expect(thrown.status).toEqual({ code: SpanStatusCode.ERROR, message: 'device-failed' });

      exporter.reset();
      await (await fetch(`${node.url}/~message@1.0&word=hidden/set&other=hidden/keys?third=hidden`)).text();
      const shown = JSON.stringify(
        exporter
          .getFinishedSpans()
          .filter(({ name }) => name !== 'GET')
          .map(({ name, attributes, events }) => ({ name, attributes, events })),
      );
      expect(shown).toContain('message@1.0');
      expect(shown).not.toContain('hidden');
    } finally {
      trace.disable();
      context.disable();
      await provider.shutdown();
    }
  });

  test('nobody listens: no span is ever made', async () => {
    await using node = await startNode();
    expect(node.resolver.env.observer?.around).toBeUndefined();
  });
});

describe('the log', () => {
  test('ties lines to requests, and holds nothing private', async () => {
    const lines: string[] = [];
    const log = createLog('trace', { write: (line: string) => void lines.push(line) });
    const jwk = testJwk();
    const config = configFrom({
      bind: '127.0.0.1',
      port: 0,
      'store-kind': 'memory',
      on: message({ request: { device: 'message@1.0', 'priv-hook': 'PRIVATE-HOOK' } }),
      identities: message({}),
    });
    await using node = await assemble(config, { wallet: testWallet(), log });
    const library = createLibrary();
    const client = new HttpClient({ allowPrivate: true }, { environment: () => library.env });
    const secret = { authorization: 'Basic PRIVATE-AUTH', cookie: 'secret=PRIVATE-COOKIE', 'x-priv': 'PRIVATE-HEADER' };
    const answers = await Promise.all([
      fetch(`${node.url}/~meta@1.0/info`, { headers: secret }),
      fetch(`${node.url}/~hyperbuddy@1.0/throw?priv-query=PRIVATE-QUERY`, { headers: secret }),
      fetch(`${node.url}/~message@1.0/set?a=b`, { method: 'POST', headers: secret, body: 'PRIVATE-BODY' }),
      fetch(`${node.url}/%zz`, { headers: secret }),
      fetch(`${node.url}/nothing-here`, { headers: secret }),
      fetch(`${node.url}/~json@1.0/deserialize`, { method: 'POST', headers: secret, body: '{PRIVATE-BODY' }),
    ]);
    const change = message({ path: '/~meta@1.0/info', method: 'POST', 'priv-option': 'PRIVATE-OPTION' });
    await client.request(node.url, await library.commit(change, undefined, testWallet()));
    client.close();
    const ids = answers.map((answer) => answer.headers.get('request-id'));
    await node.close();
    const text = lines.join('');
    for (const id of ids) expect(text).toContain(`"request":"${id}"`);
    for (const line of text.trim().split('\n')) expect(() => JSON.parse(line)).not.toThrow();
    expect(text).not.toMatch(/PRIVATE/);
    for (const part of [jwk.d, jwk.p, jwk.q, jwk.dp, jwk.dq, jwk.qi]) expect(text).not.toContain(part.slice(0, 40));
  });

  test('of an exception: name, sentence, place and causes, nothing it carries', () => {
    const lines: string[] = [];
    const log = createLog('info', { write: (line: string) => void lines.push(line) });
    const cause = Object.assign(new Error('inner'), { code: 'EIO', message2: 'CARRIED' });
    log.error({ err: Object.assign(new Error('outer', { cause }), { value: { secret: 'CARRIED' } }) }, 'words');
    log.error({ err: 'text' }, 'words');
    const [first, second] = lines.map((line) => JSON.parse(line) as { err: { [key: string]: unknown } });
    expect(first!.err).toMatchObject({ type: 'Error', message: 'outer', cause: { message: 'inner', code: 'EIO' } });
    expect(second!.err).toEqual({ message: 'text' });
    expect(lines.join('')).not.toContain('CARRIED');
  });
});
