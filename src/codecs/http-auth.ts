/**
 * `http-auth@1.0` commitments (spec 02 §6.2, §6.3): the secret is derived from an `Authorization: Basic …` header, slowly, so that a
 * stolen commitment doesn't give away the password.
 *
 *     secret = base64url( PBKDF2(user:pass, salt, iterations, key-length) )
 */
import { pbkdf2 } from 'node:crypto';
import { type Binary, binary, fromBase64, isBinary, toBase64Url, toBytes, toText } from '../core/bytes.ts';
import type { Codec, Committer } from '../core/codec.ts';
import { type ErrorCode, raise } from '../core/errors.ts';
import { integer as integerField } from '../core/fields.ts';
import { isMessage, type Message, message } from '../core/message.ts';
import { sha256 } from '../crypto/hash.ts';
import { secretCommitter } from './secret-committer.ts';

const defaultIterations = 1_200_000;
const defaultKeyBytes = 64;
/** Requests choose the work: more than a few seconds of it is refused. */
const maxIterations = 10_000_000;
const maxKeyBytes = 1024;
const algorithms: ReadonlySet<string> = new Set(['sha1', 'sha224', 'sha256', 'sha384', 'sha512']);

export const httpAuthCommitter: Committer = secretCommitter({
  device: 'http-auth@1.0',
  secret: (request) => request.secret ?? (request.request && authSecret(request.request)),
});

/** No format of its own: messages pass as they are. It stands among the codecs for its commitments. */
export const httpAuth: Codec = {
  name: 'http-auth@1.0',
  toTabm: (value) =>
    isMessage(value) || isBinary(value) ? value : raise('bad-type', 'Only messages and byte strings can be converted.'),
  fromTabm: (tabm) => tabm,
  committer: httpAuthCommitter,
};

/**
 * The secret that a request carries or lets derive. Raises `unauthorized` without an `authorization` header, `bad-request` for a scheme
 * other than Basic; both show what the protocol answers as their value.
 */
export async function authSecret(request: Message): Promise<Binary> {
  const given = request.get('secret');
  if (given !== undefined && isBinary(given)) return given;
  const credentials = basicCredentials(request);
  const raw = request.get('raw');
  if (raw === true || raw === 'true') return binary(credentials);
  const algorithm = text(request, 'alg') ?? 'sha256';
  if (!algorithms.has(algorithm)) raise('bad-request', `\`alg\` is none of ${[...algorithms].join(', ')}.`);
  const salt = request.get('salt');
  const key = await derive(
    credentials,
    salt !== undefined && isBinary(salt) ? toBytes(salt) : sha256(new TextEncoder().encode('constant:ao')),
    number(request, 'iterations', defaultIterations, maxIterations),
    number(request, 'key-length', defaultKeyBytes, maxKeyBytes),
    algorithm,
  );
  return toBase64Url(key);
}

/** The bytes `user:pass` of the header. */
function basicCredentials(request: Message): Uint8Array {
  const header = text(request, 'authorization');
  if (header === undefined) {
    const details = 'No authorization header provided.';
    return refuse('unauthorized', details, message({ status: 401, 'www-authenticate': 'Basic', details }));
  }
  const encoded = /^Basic (.*)$/s.exec(header)?.[1];
  const credentials = encoded === undefined ? undefined : fromBase64(encoded);
  if (credentials !== undefined) return credentials;
  const details = `Unrecognized authorization header: ${header}`;
  return refuse('bad-request', details, message({ status: 400, details }));
}

function refuse(code: ErrorCode, details: string, value: Message): never {
  return raise(code, details, { value, hint: 'Send `Authorization: Basic <base64 of user:password>`.' });
}

function derive(
  password: Uint8Array,
  salt: Uint8Array,
  iterations: number,
  length: number,
  algorithm: string,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    pbkdf2(password, salt, iterations, length, algorithm, (error, key) => (error ? reject(error) : resolve(key)));
  });
}

function number(request: Message, key: string, fallback: number, max: number): number {
  const value = request.get(key);
  const read = value === undefined ? fallback : integerField.read(value);
  if (read === undefined || read < 1 || read > max)
    raise('bad-request', `\`${key}\` is not an integer from 1 to ${max}.`);
  return read;
}

function text(request: Message, key: string): string | undefined {
  const value = request.get(key);
  return value !== undefined && isBinary(value) ? toText(value) : undefined;
}
