/** The network's own assignments (`vectors/processes/assignments-wire.json`): read, verified, and made again byte for byte. */
import { constants, createHash, createHmac, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fromBase64, toBase64Url, toBytes } from '../../src/core/bytes.ts';
import { withOnlyCommitted } from '../../src/core/commitments.ts';
import type { Message } from '../../src/core/message.ts';
import { sha256 } from '../../src/crypto/hash.ts';
import { buildAssignment, chainText, nextChain } from '../../src/devices/scheduler/assignment.ts';
import { readHead, readRequest } from '../../src/http/request.ts';
import { decodeReply } from '../../src/net/message-request.ts';
import { createLibrary } from '../../src/node/library.ts';
import { testWallet } from '../support/process-world.ts';

type Headers = readonly (readonly [string, string])[];
interface Exchange {
  readonly name: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly headers: Headers;
    readonly body_base64: string;
  };
  readonly response: { readonly status: number; readonly headers: Headers; readonly body_base64: string };
  readonly facts: {
    readonly message_id: string;
    readonly hash_chain_prev: string | null;
    readonly hash_chain_prev_form: string | null;
    readonly hash_chain: string;
    readonly commitments: readonly {
      readonly id: string;
      readonly alg: string;
      readonly keyid: string;
      readonly signature_base: string;
      readonly signature_base64: string;
    }[];
  };
}

const { exchanges } = JSON.parse(
  readFileSync(new URL('../vectors/processes/assignments-wire.json', import.meta.url), 'utf8'),
) as { readonly exchanges: readonly Exchange[] };

const library = createLibrary({ dialect: '2025-09', wallet: testWallet('rsa4096-1.json') });

const bytesOf = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));

describe.each(exchanges)('$name', ({ request, response, facts }) => {
  test('[row obs-assignment-signature] the listed signatures hold over the listed bases', () => {
    for (const { alg, keyid, signature_base: base, signature_base64: signature } of facts.commitments) {
      if (alg === 'hmac-sha256') {
        expect(createHmac('sha256', 'constant:ao').update(base).digest('base64')).toBe(signature);
        continue;
      }
      const n = toBase64Url(fromBase64(keyid.replace('publickey:', ''))!);
      const key = createPublicKey({ key: { kty: 'RSA', e: 'AQAB', n }, format: 'jwk' });
      const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 64 };
      expect(verify('sha512', Buffer.from(base), { key, ...padding }, bytesOf(signature))).toBe(true);
    }
    const digest = response.headers.find(([name]) => name.toLowerCase() === 'content-digest')?.[1];
    const body = createHash('sha256').update(bytesOf(response.body_base64)).digest('base64');
    if (digest !== undefined) expect(digest).toContain(body);
  });

  test('[row obs-assignment-signature] the reply is read as an assignment whose signatures we verify', async () => {
    const answer = await replied();
    const commitments = answer.get('commitments') as Message;
    expect(commitments.keys().toSorted()).toEqual(facts.commitments.map(({ id }) => id).toSorted());
    // A reply may carry more signatures of the message than the one it was scheduled with (spec 04 §1.2): the assignment names one.
    const body = answer.get('body') as Message;
    const all = body.get('commitments') as Message;
    const pinned = all.has(facts.message_id)
      ? body.with(
          'commitments',
          all.filter((id) => id === facts.message_id),
        )
      : body;
    expect(await library.verify(withOnlyCommitted(answer.with('body', pinned)))).toBe(true);
  });

  test('[row obs-assignment-rebuild] the request, assigned again, gives the same bytes to sign', async () => {
    const body = await posted();
    expect(library.id(body, 'signed')).toBe(facts.message_id);
    const answer = await replied();
    const number = (key: string): number => Number(answer.get(key));
    const rebuilt = buildAssignment(
      {
        process: answer.get('process') as string,
        slot: number('slot'),
        chain: facts.hash_chain,
        body,
        timestamp: number('timestamp'),
        block: {
          height: number('block-height'),
          hash: answer.get('block-hash') as string,
          timestamp: number('block-timestamp'),
        },
      },
      library.env.dialect,
    );
    // The HMAC is over the same lines as the signature, and its key is known: equal ids are equal bytes.
    const signed = await library.commit(rebuilt);
    const ids = (signed.get('commitments') as Message).keys();
    const hmac = facts.commitments.find(({ alg }) => alg === 'hmac-sha256')!;
    expect(ids).toContain(hmac.id);
    if (facts.hash_chain_prev !== null) {
      const previous = facts.hash_chain_prev;
      const bytes = facts.hash_chain_prev_form === 'text' ? toBytes(previous) : fromBase64(previous)!;
      expect([
        chainText(nextChain(bytes, facts.message_id, sha256)),
        chainText(nextChain(toBytes(previous), facts.message_id, sha256)),
      ]).toContain(facts.hash_chain);
    }
  });

  async function posted(): Promise<Message> {
    const headers = new Map(request.headers.map(([name, value]) => [name.toLowerCase(), value]));
    const head = { method: request.method, target: request.path, headers, caller: '127.0.0.1' };
    const bytes = bytesOf(request.body_base64);
    const read = await readRequest(head, readHead(head, library.env), { bytes, blob: undefined }, library.env);
    const inside = read.get('body');
    const isEnvelope = typeof inside === 'object' && !(inside instanceof Uint8Array) && inside !== null;
    return withOnlyCommitted(isEnvelope ? ((await library.ao.loadAll(inside)) as Message) : read);
  }

  async function replied(): Promise<Message> {
    const { message: read } = await decodeReply(
      {
        status: response.status,
        rawHeaders: response.headers.flat(),
        body: bytesOf(response.body_base64),
        url: new URL('http://localhost:9000/'),
      },
      library.env,
    );
    return read;
  }
});
