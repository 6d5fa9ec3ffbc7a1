/** Requests as the HTTP edge reads them: keys from everywhere, signatures, what cannot come from outside (spec 03 §2.1, §2.2). */
import { describe, expect, test } from 'vitest';
import { type Edge, start, wallet } from '../../test/support/http-edge.ts';
import { isMessage, type Message, message } from '../core/message.ts';

describe('requests', () => {
  test('[row hb_http/simple_ao_resolve_unsigned] a message that carries its own path', async () => {
    const { url } = await start();
    const response = await fetch(url, { method: 'POST', headers: { path: '/key1', key1: 'Value1' } });
    expect(await response.text()).toBe('Value1');
  });

  test('query keys are keys of the message, typed', async () => {
    const { url } = await start();
    expect(await (await fetch(`${url}/a?a=5`)).text()).toBe('5');
    const typed = await fetch(`${url}/n?n+integer=41`);
    expect([await typed.text(), typed.headers.get('ao-types')]).toEqual([
      '41',
      expect.stringContaining('body="integer"'),
    ]);
  });

  test('private keys cannot come from outside', async () => {
    const { url } = await start();
    const response = await fetch(`${url}/~demo@1.0/echo?priv=x&private=y`, { headers: { 'priv-ip': '1.2.3.4' } });
    const names = [...response.headers.keys()];
    expect(names.filter((name) => name.startsWith('priv'))).toEqual([]);
  });

  test('forms of browsers', async () => {
    const { url } = await start();
    const form = new FormData();
    form.set('greeting', 'hello');
    form.set('upload', new Blob(['content'], { type: 'text/x' }), 'a.txt');
    const response = await fetch(`${url}/greeting`, { method: 'POST', body: form });
    expect(await response.text()).toBe('hello');
    expect(await (await fetch(`${url}/upload/filename`, { method: 'POST', body: form })).text()).toBe('a.txt');
    expect(await (await fetch(`${url}/upload/body`, { method: 'POST', body: form })).text()).toBe('content');
  });

  test('a signed request: only what is signed counts, and its signer is known', async () => {
    const node = await start();
    const signed = await node.library.commit(
      message({ path: '/~demo@1.0/whose', x: 'y', n: 5 }),
      message({ type: 'signed' }),
    );
    const response = await send(node, signed, { extra: 'unsigned' });
    expect(response.headers.get('signers')).toBe(wallet.address);
    const echo = await node.library.commit(message({ path: '/~demo@1.0/echo', x: 'y' }), message({ type: 'signed' }));
    const reply = await send(node, echo, { extra: 'unsigned' });
    expect([reply.headers.get('x'), reply.headers.get('extra')]).toEqual(['y', null]);
  });

  test('[row hb_http/simple_ao_resolve_signed, hb_http/nested_ao_resolve]', async () => {
    const node = await start();
    const simple = await node.library.commit(message({ path: '/key1', key1: 'Value1' }), message({ type: 'signed' }));
    expect(await (await send(node, simple)).text()).toBe('Value1');
    const nested = await node.library.commit(
      message({ path: '/key1/key2/key3', key1: { key2: { key3: 'Value2' } } }),
      message({ type: 'signed' }),
    );
    expect(await (await send(node, nested)).text()).toBe('Value2');
  });

  test('a forged signature names nobody', async () => {
    const node = await start();
    const signed = await node.library.commit(
      message({ path: '/~demo@1.0/whose', x: 'y' }),
      message({ type: 'signed' }),
    );
    const response = await send(node, signed, { x: 'changed' });
    expect(response.headers.get('signers')).toBe('nobody');
    const strict = await start({ options: { 'force-signed-requests': true } });
    expect((await send(strict, signed, { x: 'changed' })).status).toBe(400);
    expect((await fetch(`${strict.url}/a?a=5`)).status).toBe(401);
    expect((await send(strict, signed)).headers.get('signers')).toBe(wallet.address);
  });

  test('signed requests are kept', async () => {
    const node = await start();
    const signed = await node.library.commit(message({ path: '/key1', key1: 'Value1' }), message({ type: 'signed' }));
    await send(node, signed);
    expect(await (await fetch(`${node.url}/${node.library.id(signed, 'signed')}/key1`)).text()).toBe('Value1');
  });

  /** Sends a message as another node would. */
  async function send(
    node: Edge,
    signed: Message,
    changed: { readonly [name: string]: string } = {},
  ): Promise<Response> {
    const encoded = await node.library.convert(signed, message({ device: 'httpsig@1.0', bundle: true }));
    if (!isMessage(encoded)) throw new Error('not a message');
    const headers = new Headers();
    for (const [name, value] of encoded.entries()) if (name !== 'body') headers.set(name, String(value));
    for (const [name, value] of Object.entries(changed)) headers.set(name, value);
    const body = encoded.get('body');
    return fetch(node.url, { method: 'POST', headers, ...(body === undefined ? {} : { body: body as string }) });
  }
});
