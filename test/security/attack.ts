/** What the security tests share: a node, and raw requests to it that carry whatever an attacker likes. */
import { isMessage, type Message, message } from '../../src/core/message.ts';
import { HttpClient } from '../../src/net/client.ts';
import { encodeRequest } from '../../src/net/message-request.ts';
import { startNode, type TestNode, type TestNodeOptions } from '../../src/testing/start-node.ts';
import { testWallet } from '../../src/testing/wallets.ts';

export const operator = testWallet('first');
export const stranger = testWallet('second');

/** A node whose operator is `operator`, so that what it signs and what its operator signs carry the same address. */
export function victim(given: TestNodeOptions = {}): Promise<TestNode> {
  return startNode({ wallet: operator, ...given });
}

/** Posts a message as HTTP fields and body, exactly as it is. */
export async function send(node: TestNode, message: Message): Promise<Response> {
  const { method, target, headers, body } = await encodeRequest(message, undefined, node.resolver.env);
  const pairs: [string, string][] = [];
  for (let i = 0; i < headers.length; i += 2) pairs.push([headers[i]!, headers[i + 1]!]);
  return fetch(node.url + target, {
    method,
    headers: pairs,
    ...(body === undefined ? {} : { body: new Uint8Array(body) }),
  });
}

/** The message that an answer is, as a client reads it. */
export async function received(node: TestNode, path: string): Promise<Message> {
  const client = new HttpClient({ allowPrivate: true }, { environment: () => node.resolver.env });
  try {
    const outcome = await client.request(node.url, message({ path, method: 'GET' }), { whole: true });
    if (outcome.status !== 'ok' || !isMessage(outcome.value)) throw new Error(`no message at ${path}`);
    return outcome.value;
  } finally {
    await client.close();
  }
}
