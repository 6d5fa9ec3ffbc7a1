/** The dashboard: what an operator wants to know first, asked of the node itself and kept up to date. */
import { parseMetrics, total } from '/~hyperbuddy@1.0/metrics.js';
import { byId, element, idLink, readMessage, readText, table } from '/~hyperbuddy@1.0/utils.js';

const everyMs = 15_000;

async function showNode() {
  byId('url').textContent = location.origin;
  const [operator, build, info] = await Promise.all([
    readText('/~meta@1.0/info/address'),
    readMessage('/~meta@1.0/build'),
    readMessage('/~meta@1.0/info'),
  ]);
  byId('operator').replaceChildren(operator ?? 'unknown');
  if (build !== undefined) {
    const built = new Date(build['build-time'] * 1000).toISOString().slice(0, 10);
    byId('version').textContent = `${build.implementation} ${build['implementation-version']} · ${built}`;
  }
  showDevices(info?.preloaded_devices ?? info?.['preloaded-devices'] ?? []);
  const processes = info?.node_processes ?? info?.['node-processes'] ?? {};
  if ('ledger' in processes) await showLedger();
}

function showDevices(devices) {
  const names = devices.map(({ name }) => name).sort();
  byId('devices-count').textContent = String(names.length);
  byId('devices').replaceChildren(
    ...names.map((full) => {
      const [name, variant] = full.split('@');
      return element('li', {}, name, element('i', {}, `@${variant}`));
    }),
  );
}

async function showNumbers() {
  const text = await readText('/~hyperbuddy@1.0/metrics');
  const samples = parseMetrics(text ?? '');
  if (samples.length === 0) {
    byId('numbers').replaceChildren(element('p', { class: 'quiet' }, 'Metrics are switched off on this node.'));
    return;
  }
  const served = (method) => total(samples, 'cowboy_spawned_processes_total', { method, status_class: 'success' });
  const cards = [
    ['Uptime', duration(total(samples, 'process_uptime_seconds'))],
    ['AO-Core executions', count(total(samples, 'event', { topic: 'ao_result' }))],
    ['Reads served', count(served('GET') + served('HEAD'))],
    ['Writes served', count(served('POST'))],
    ['Failures', count(total(samples, 'cowboy_errors_total'))],
    ['Memory', `${Math.round(total(samples, 'process_resident_memory_bytes') / 2 ** 20)} MiB`],
    ['System load', total(samples, 'system_load').toFixed(2)],
  ];
  byId('numbers').replaceChildren(
    ...cards.map(([label, value]) =>
      element('div', { class: 'card' }, element('b', {}, value), element('span', {}, label)),
    ),
  );
}

async function showProcesses() {
  const found = await readMessage('/~hyperbuddy@1.0/processes');
  const processes = Object.entries(found?.processes ?? {}).filter(([id]) => id !== 'commitments' && id !== 'ao-types');
  byId('processes-count').textContent = String(found?.count ?? 0);
  if (processes.length === 0) {
    byId('processes').replaceChildren(
      element('p', { class: 'quiet' }, 'None yet. ', element('code', {}, 'hyperbeam spawn app.lua'), ' starts one.'),
    );
    return;
  }
  const rows = processes.map(([id, { slot, computed, state }]) => [
    idLink(id),
    element('a', { href: `/${id}~process@1.0/process-status`, class: `state ${state}` }, state),
    String(slot),
    computed === undefined || computed < 0 ? '–' : String(computed),
    element('a', { href: `/${id}~process@1.0/now` }, 'state now'),
  ]);
  byId('processes').replaceChildren(table(['Process', 'Status', 'Slot', 'Computed', ''], rows));
}

async function showLedger() {
  const balances = await readMessage('/ledger~node-process@1.0/now/balance');
  if (balances === undefined) return;
  const rows = Object.entries(balances).filter(
    ([, amount]) => typeof amount === 'number' || typeof amount === 'string',
  );
  byId('ledger').replaceChildren(
    table(
      ['Address', 'Balance'],
      rows.map(([address, amount]) => [address, String(amount)]),
    ),
  );
  byId('ledger-section').hidden = false;
}

function count(number) {
  return new Intl.NumberFormat('en', { notation: number < 100_000 ? 'standard' : 'compact' }).format(number);
}

function duration(seconds) {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} d`;
}

async function refresh() {
  if (!document.hidden) await Promise.all([showNumbers(), showProcesses()]);
}

setInterval(() => refresh().catch(() => undefined), everyMs);
await Promise.all([showNode(), refresh()]);
document.documentElement.dataset.ready = 'true';
