/**
 * Every key of every device with requests and bases that make no sense. Whatever comes out, it is an outcome with a reason: no exception of
 * ours (`device-failed`, `internal`), and nothing that goes on for ever.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { testNode } from '../../test/support/test-node.ts';
import { testWallet, world } from '../../test/support/world.ts';
import { ans104 } from '../codecs/ans104/ans104.ts';
import { cookie } from '../codecs/cookie.ts';
import { flat } from '../codecs/flat.ts';
import { httpAuthCommitter } from '../codecs/http-auth.ts';
import { json } from '../codecs/json.ts';
import { structured } from '../codecs/structured.ts';
import type { Device } from '../core/device.ts';
import { type Message, messageFrom } from '../core/message.ts';
import { Float, Link, NOT_FOUND, NULL, UNSET, type Value } from '../core/value.ts';
import { createEventCounters } from '../observe/events.ts';
import { base64url } from './base64url.ts';
import { bits } from './bits.ts';
import { codecDevices } from './codecs/all.ts';
import { gzip } from './gzip.ts';
import { hook } from './hook.ts';
import { hyperbuddy } from './hyperbuddy.ts';
import { localName } from './local-name.ts';
import { lookup } from './lookup.ts';
import { manifest } from './manifest.ts';
import { meta } from './meta.ts';
import { monitor } from './monitor.ts';
import { name } from './name.ts';
import { profile } from './profile.ts';
import { pureDevices } from './pure.ts';
import { router } from './router.ts';
import { whois } from './whois.ts';

const devices: readonly Device[] = [
  ...codecDevices,
  base64url,
  bits,
  gzip,
  hook,
  hyperbuddy,
  localName,
  lookup,
  manifest,
  meta,
  monitor,
  name,
  profile,
  router,
  whois,
];

/** Words that devices look for. */
const words = [
  'a 1 base base: body call committers cookie data dedup dedup-subject device-stack format from key method',
  'mode params passes patch-from patch-to path request request: route-path secret set slot source',
  'stack-keys target to value ao-types commitments',
].flatMap((line) => line.split(' '));

const scalar: fc.Arbitrary<Value> = fc.oneof(
  fc.constantFrom(...words, 'POST', 'Map', 'PATCH', 'all', 'true', '/', '//', '/a/b', 'req:/a', '(', '%', '~', '"', ''),
  fc.constantFrom<Value>(0, -1, 1, 2 ** 53, 10n ** 40n, true, false, NULL, NOT_FOUND, UNSET, new Float(1.5)),
  fc.string({ maxLength: 8 }),
  fc.uint8Array({ maxLength: 48 }),
  fc.constant(new Link('A'.repeat(43))),
  fc.constantFrom('stack@1.0', 'message@1.0', 'test-device@1.0', 'nobody@1.0'),
);

const { value } = fc.letrec<{ value: Value; message: Message }>((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, scalar, fc.array(tie('value'), { maxLength: 3 }), tie('message')),
  message: fc
    .array(fc.tuple(fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 4 })), tie('value')), { maxLength: 4 })
    .map((entries) => messageFrom(entries)),
}));

const message: fc.Arbitrary<Message> = fc
  .array(
    fc.tuple(
      fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...words) }, { weight: 1, arbitrary: fc.string() }),
      value,
    ),
    {
      maxLength: 6,
    },
  )
  .map((entries) => messageFrom(entries));

const httpAuth = { ...structured, name: 'http-auth@1.0', committer: httpAuthCommitter };
const hostile = world({
  devices,
  codecs: [json, flat, ans104, cookie, httpAuth],
  wallet: testWallet('rsa4096-1'),
  limits: { maxResolutions: 2_000 },
  capabilities: { node: testNode(), events: createEventCounters() },
});

/** Signing takes milliseconds, deriving keys longer; that they are slow is not what is tested here. */
const slow = new Set(['commit', 'throw']);

describe('hostile requests', () => {
  for (const device of [...pureDevices, ...devices]) {
    const keys = [...device.keys.keys(), 'no-such-key', 'id', 'keys', 'set'].filter((key) => !slow.has(key));
    test(`${device.name} answers anything with a reason`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...keys), message, message, async (key, base, request) => {
          const on = base.with('device', device.name);
          const asked = request.with('path', key).without('iterations');
          const outcome = await hostile.resolve(on, asked);
          if (outcome.status !== 'error') return;
          const { error } = outcome;
          expect([error.code, error.message, error.cause], `${device.name} ${key}`).not.toEqual(
            expect.arrayContaining([expect.stringMatching(/^(device-failed|internal)$/)]),
          );
        }),
        { numRuns: 150 },
      );
    });
  }
});
