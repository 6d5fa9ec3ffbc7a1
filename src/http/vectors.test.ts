/** Gold vectors of the HTTP layer: which codec a wish means, content types, and requests as messages. */
import { expect } from 'vitest';
import { codecEnvironment } from '../../test/support/codec-environment.ts';
import { fromNotation, type Json, normal, toNotation } from '../../test/support/notation.ts';
import { vectorSuite } from '../../test/support/vectors.ts';
import { allCodecs } from '../codecs/all.ts';
import type { Device } from '../core/device.ts';
import type { Environment } from '../core/environment.ts';
import type { Message } from '../core/message.ts';
import { noBody } from './body.ts';
import { answerCodec } from './negotiate.ts';
import { readHead, readRequest } from './request.ts';

const env: Environment = {
  ...codecEnvironment('2025-09', allCodecs),
  // A device that isn't a codec can be named by a media type as well.
  devices: new Map([['process@1.0', {} as Device]]),
};

vectorSuite<{ codec: string; request: Json }>('reference/http-accept.json', ({ codec, request }) => {
  expect(answerCodec(fromNotation(request) as Message, false, env, 'httpsig@1.0').codec).toBe(codec);
});

vectorSuite<{ codec: string; 'content-type': Json }>('reference/http-codec-content-type.json', (vector) => {
  const codec = env.codecs.get(vector.codec);
  expect(codec).toBeDefined();
  const none = { $atom: 'not_found' };
  expect(codec?.contentType ?? none).toEqual(vector['content-type']);
});

interface RequestVector {
  readonly [key: string]: Json;
  readonly body_b64: string;
  readonly headers: { readonly [name: string]: string };
  readonly message: Json;
  readonly method: string;
  readonly path: string;
  readonly qs: string;
}

vectorSuite<RequestVector>('reference/http-request.json', async (vector) => {
  const head = {
    method: vector.method,
    target: vector.qs === '' ? vector.path : `${vector.path}?${vector.qs}`,
    headers: new Map(Object.entries(vector.headers)),
    caller: '127.0.0.1',
  };
  const bytes = Buffer.from(vector.body_b64, 'base64');
  const read = await readRequest(
    head,
    readHead(head, env),
    bytes.length === 0 ? noBody : { bytes, blob: undefined },
    env,
  );
  expect(toNotation(read)).toEqual(normal(vector.message));
});
