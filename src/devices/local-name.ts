/**
 * `local-name@1.0` (spec 01 §7.8, spec 03 §7.2): the node's own names. The operator registers a value under a name; everybody can look
 * it up.
 *
 * Names live in the store under `local-name@1.0/<name>`, so they survive a restart. The option `local-names` holds more of them, and
 * wins.
 */
import type { Cache } from '../core/cache.ts';
import { type Ao, type Call, device } from '../core/device.ts';
import type { Environment } from '../core/environment.ts';
import { anything, text } from '../core/fields.ts';
import { isMessage, message } from '../core/message.ts';
import { fail, notFound, type Outcome, ok } from '../core/outcome.ts';
import type { Value } from '../core/value.ts';
import { takeSignatures } from './meta/replay.ts';
import { operatorAddress, operatorRequest } from './meta/roles.ts';
import { plain } from './plain.ts';

type NameCall = Call<unknown, unknown, 'cache' | 'environment'>;

/** Path of the names in the store. */
const directory = 'local-name@1.0';

const maxNameBytes = 255;

export const localName = device({
  name: 'local-name@1.0',
  doc: 'Names that the operator of this node gives to messages.',
  uses: ['cache', 'environment'],
  keys: {
    lookup: {
      doc: 'What is registered under `key`.',
      request: { key: text },
      run: (call) => find(call, call.request.key),
    },
    register: {
      doc: 'Registers `value` under `key`. Only for the operator.',
      request: { key: text, value: anything },
      async run(call) {
        const { requestMessage, environment, cache, ao } = call;
        const signed = await operatorRequest(ao, environment, requestMessage, 'local-name@1.0');
        const key = signed && (await plain(ao, signed, 'key'));
        const value = signed && (await plain(ao, signed, 'value'));
        if (key === undefined || value === undefined) return unauthorized;
        const name = text.read(key);
        if (name === undefined || !isName(name)) return badName;
        const operator = (await operatorAddress(ao, environment)) ?? '';
        if (!(await takeSignatures(cache, requestMessage, operator))) return again;
        await registerName(cache, name, value);
        return ok('Registered.');
      },
    },
  },
  // Whether a signature was used before is asked and noted by one request at a time.
  lane: ({ key }) => (key === 'register' ? 'local-name@1.0/register' : undefined),
  inherits: ['keys', 'set'],
  otherKeys: (call) => find(call, call.key),
});

async function find({ environment, cache, ao }: NameCall, name: string): Promise<Outcome> {
  const value = await findName(ao, cache, environment, name);
  return value === undefined ? notFound : ok(value);
}

/** What a name stands for on this node: configured, or registered. */
export async function findName(ao: Ao, cache: Cache, env: Environment, name: string): Promise<Value | undefined> {
  const table = await plain(ao, env.options, 'local-names');
  const configured = isMessage(table) ? await plain(ao, table, name) : undefined;
  return configured ?? (isName(name) ? cache.read(`${directory}/${name}`) : undefined);
}

/** Registers a name. Whoever calls this has checked that the caller may, and that it {@link isName}. */
export async function registerName(cache: Cache, name: string, value: Value): Promise<void> {
  await cache.link(await cache.write(value), `${directory}/${name}`);
}

/** Names become store paths: one part, no tricks. */
export function isName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && name.length <= maxNameBytes && !name.includes('/');
}

const badName = fail('bad-key', `A name is a single path part of at most ${maxNameBytes} bytes.`);

const again = fail('conflict', 'This name was registered by this request before.', 'Sign the request anew.');

const unauthorized = fail('forbidden', 'Only the operator of this node registers names.', {
  hint: 'Sign `key` and `value` with the key of the node, or the one named by the option `operator`.',
  status: 403,
  value: message({ status: 403, message: 'Unauthorized.' }),
});
