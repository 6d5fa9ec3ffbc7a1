/** The console in a browser: every page loads, shows what the node says, and asks nothing of anybody else. */
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { message } from '../../src/core/message.ts';
import { startNode, type TestNode } from '../../src/testing/index.ts';

let browser: Browser;
let node: TestNode;

beforeAll(async () => {
  // `.ci/setup` installs it; the sandbox needs a user of its own, which containers that build don't have.
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  node = await startNode();
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await node?.close();
});

interface Opened extends AsyncDisposable {
  readonly page: Page;
  /** What the browser complained about. */
  readonly complaints: readonly string[];
  /** Hosts that were asked. */
  readonly hosts: ReadonlySet<string>;
}

async function open(path: string): Promise<Opened> {
  const context = await browser.newContext();
  const page = await context.newPage();
  const complaints: string[] = [];
  const hosts = new Set<string>();
  page.on('console', (said) => {
    if (said.type() === 'error' || said.type() === 'warning') complaints.push(said.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => hosts.add(new URL(request.url()).host));
  await page.goto(node.url + path);
  await page.waitForSelector('html[data-ready=true]');
  return { page, complaints, hosts, [Symbol.asyncDispose]: () => context.close() };
}

function clean({ complaints, hosts }: Opened): void {
  expect(complaints).toEqual([]);
  expect([...hosts]).toEqual([new URL(node.url).host]);
}

describe('the console', () => {
  test('`/` leads to the dashboard', async () => {
    await using opened = await open('/');
    const { page } = opened;
    expect(new URL(page.url()).pathname).toBe('/~hyperbuddy@1.0/dashboard');
    expect(await page.textContent('#operator')).toBe(node.address);
    expect(await page.textContent('#devices')).toContain('message@1.0');
    expect(await page.textContent('#numbers')).toContain('AO-Core executions');
    expect(await page.textContent('#processes')).toContain('None yet.');
    clean(opened);
  });

  test('a message is shown with its keys, types, links and signer', async () => {
    const child = await node.cache.write(message({ deep: 'value' }));
    const id = await node.cache.write(
      message({ text: '<script>alert(1)</script>', number: 42, child: { deep: 'value' } }),
    );
    await using opened = await open(`/${id}`);
    const { page } = opened;
    expect(await page.textContent('#keys')).toContain('<script>alert(1)</script>');
    expect(await page.textContent('#keys tr:has-text("number")')).toContain('integer');
    expect(await page.getAttribute(`#keys a[href="/${child}"]`, 'href')).toBe(`/${child}`);
    expect(await page.textContent('#summary')).toContain(node.address);
    await page.click('#tab-signatures');
    expect(await page.isVisible('#keys')).toBe(false);
    expect(await page.textContent('#signatures')).toContain('rsa-pss-sha512');
    await page.press('#tab-signatures', 'ArrowRight');
    expect(await page.textContent('#headers')).toContain('signature-input');
    await page.click('#tab-keys');
    await page.click(`#keys a[href="/${child}"]`);
    await page.waitForSelector('html[data-ready=true]');
    expect(await page.textContent('#keys')).toContain('deep');
    clean(opened);
  });

  test('the REPL asks, posts and explains', async () => {
    await using opened = await open('/~hyperbuddy@1.0/console');
    const { page } = opened;
    const say = async (line: string): Promise<string> => {
      const before = await page.locator('#log article').count();
      await page.fill('#line', line);
      await page.press('#line', 'Enter');
      const article = page.locator('#log article').nth(before);
      await article.locator('pre, .bad').last().waitFor({ state: 'attached' });
      await expect.poll(() => article.locator('.ok, .bad, pre').count()).toBeGreaterThan(0);
      return (await article.textContent()) ?? '';
    };
    expect(await say('help')).toContain('POST /path');
    expect(await say('/~meta@1.0/info/address')).toContain(node.address);
    expect(await say('POST /~message@1.0/set/said said="hello there" n:=5')).toContain('hello there');
    expect(await say('GET /~meta@1.0/build accept:application/json')).toContain('"node": "HyperBEAM"');
    expect(await say('GET /x a=b')).toContain('A GET has no body');
    await page.press('#line', 'ArrowUp');
    expect(await page.inputValue('#line')).toBe('GET /x a=b');
    clean(opened);
  });

  test('the cache as a graph', async () => {
    const id = await node.cache.write(message({ a: 'b', inner: { c: 'd' } }));
    await using opened = await open(`/~hyperbuddy@1.0/graph?target=${id}`);
    expect(await opened.page.locator('#graph circle').count()).toBeGreaterThan(2);
    clean(opened);
  });

  test('a page of a node without JavaScript still says where things are', async () => {
    const html = await (await fetch(`${node.url}/~hyperbuddy@1.0/dashboard`)).text();
    expect(html).toContain('<noscript>');
    expect(html).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
  });

  test.each([
    'index.html',
    'dashboard',
    'console',
    'graph',
    '404.html',
    '500.html',
    'styles.css',
    'utils.js',
    'metrics.js',
    'dashboard.js',
  ])('%s has its content type and, as a page, a strict policy', async (name) => {
    const { status, headers } = await fetch(`${node.url}/~hyperbuddy@1.0/${name}`);
    const type = headers.get('content-type');
    expect(status).toBe(200);
    expect(type).toMatch(/css$/.test(name) ? /^text\/css/ : /js$/.test(name) ? /^text\/javascript/ : /^text\/html/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    const policy = headers.get('content-security-policy');
    if (type?.startsWith('text/html'))
      expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self'/);
  });

  test('words of strangers on error pages are text', async () => {
    const page = await (await fetch(`${node.url}/<script>`, { headers: { accept: 'text/html' } })).text();
    expect(page).toContain('404');
    expect(page).not.toContain('<script>');
    expect(page).not.toContain('{{');
  });
});
