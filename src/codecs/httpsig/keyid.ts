/**
 * Key ids of httpsig commitments (spec 02 §2.10): what `keyid`, `scheme` and `secret` say about the key and about whose it is.
 *
 *   publickey:<base64 of the modulus>   RSA; the committer is the key's address
 *   constant:<text>                     HMAC under a key that everybody knows: an identity, nobody's signature
 *   secret:<address>                    HMAC under a secret that only its owner knows; the committer is the secret's hash
 */
import { type Binary, fromBase64, fromStrictBase64, toBase64, toBase64Url, toBytes } from '../../core/bytes.ts';
import { raise } from '../../core/errors.ts';
import { Recent } from '../../core/recent.ts';
import { hmacSha256Base64Url, hmacUnder, sha256Base64Url } from '../../crypto/hash.ts';
import { rsaBytes } from '../../crypto/rsa.ts';

export type KeyScheme = 'publickey' | 'constant' | 'secret';

export interface KeyRequest {
  readonly type?: string | undefined;
  readonly keyid?: string | undefined;
  readonly scheme?: string | undefined;
  readonly secret?: Binary | undefined;
}

export interface KeyMaterial {
  readonly scheme: KeyScheme;
  readonly key: Uint8Array;
  readonly keyid: string;
  /** Whose the key is; nobody's for a constant. */
  readonly committer: string | undefined;
}

export const constantKeyId = 'constant:ao';

/** The HMAC under the key that everybody knows, as an id: what unsigned ids are. */
export const constantHmac = hmacUnder(constantKeyId);

/** The HMAC under the key, as an id. */
export function hmacWith({ key, keyid }: KeyMaterial, input: Binary): string {
  return keyid === constantKeyId ? constantHmac(input) : hmacSha256Base64Url(key, input);
}

/**
 * A pure function's memory for canonical ids of RSA keys: few clients sign many messages, and each of these asks three times. Bounded in
 * bytes, too, since only keys of that one length are kept: others may be as long as a body.
 */
const publicKeys = new Recent<string, KeyMaterial>(256);

/**
 * The key a commitment is or will be made with. Raises `bad-commitment` with the reference's word for the reason as its value: a key id
 * must be exactly the canonical one.
 */
export function keyMaterial(request: KeyRequest): KeyMaterial {
  const scheme = schemeOf(request);
  const material = materialOf(scheme, request);
  if (request.keyid !== undefined && request.keyid !== material.keyid) {
    refuse('key_mismatch', 'The key id is not the canonical one of its key.');
  }
  return material;
}

function schemeOf(request: KeyRequest): KeyScheme {
  const { keyid, scheme, type } = request;
  if (type === undefined) refuse('no_request_type', 'The commitment says no type.');
  const colon = keyid === undefined ? -1 : keyid.indexOf(':');
  const spelt = colon === -1 ? undefined : keyid!.slice(0, colon);
  if (spelt !== undefined && !isScheme(spelt)) refuse('unknown_scheme', `There is no key scheme \`${spelt}\`.`);
  if (scheme !== undefined) {
    if (!isScheme(scheme)) refuse('unsupported_scheme', `There is no key scheme \`${scheme}\`.`);
    if (spelt !== undefined && spelt !== scheme)
      refuse('scheme_mismatch', 'The key id is of another scheme than asked for.');
    return scheme;
  }
  if (spelt !== undefined) return spelt;
  if (type === 'rsa-pss-sha512') return 'publickey';
  return type === 'hmac-sha256'
    ? 'constant'
    : refuse('unsupported_scheme', `There are no keys for the commitment type \`${type}\`.`);
}

function isScheme(text: string): text is KeyScheme {
  return text === 'publickey' || text === 'constant' || text === 'secret';
}

function materialOf(scheme: KeyScheme, request: KeyRequest): KeyMaterial {
  switch (scheme) {
    case 'constant': {
      const keyid = request.keyid ?? constantKeyId;
      return { scheme, key: toBytes(keyid), keyid, committer: undefined };
    }
    case 'secret': {
      const { secret } = request;
      if (secret === undefined) return refuse('no_secret', 'The secret is needed and not given.');
      const committer = secretCommitter(secret);
      return { scheme, key: toBytes(secret), keyid: `secret:${committer}`, committer };
    }
    default: {
      const known = request.keyid === undefined ? undefined : publicKeys.get(request.keyid);
      if (known !== undefined) return known;
      const text = request.keyid === undefined ? undefined : afterColon(request.keyid);
      const key = text === undefined ? undefined : fromStrictBase64(text);
      if (key === undefined) return refuse('key_mismatch', 'The key id holds no key in standard base64.');
      const material: KeyMaterial = {
        scheme: 'publickey',
        key,
        keyid: publicKeyId(key),
        committer: keyAddress(key),
      };
      if (key.length === rsaBytes && request.keyid === material.keyid) publicKeys.set(material.keyid, material);
      return material;
    }
  }
}

/** Whose a received commitment claims to be. Tolerant: verification is stricter. */
export function committerOfKeyId(keyid: string): string | undefined {
  if (keyid.startsWith('secret:')) return keyid.slice(7);
  if (!keyid.startsWith('publickey:')) return undefined;
  const known = publicKeys.get(keyid);
  if (known !== undefined) return known.committer;
  const key = fromBase64(keyid.slice(10));
  return key === undefined ? undefined : keyAddress(key);
}

/** The committer that stands for a secret. */
export function secretCommitter(secret: Binary): string {
  return sha256Base64Url(secret);
}

export function publicKeyId(key: Uint8Array): string {
  return `publickey:${toBase64(key)}`;
}

/** A key of 32 bytes is its own address. */
function keyAddress(key: Uint8Array): string {
  return key.length === 32 ? toBase64Url(key) : sha256Base64Url(key);
}

function afterColon(keyid: string): string {
  return keyid.slice(keyid.indexOf(':') + 1);
}

function refuse(reason: string, sentence: string): never {
  return raise('bad-commitment', sentence, { value: reason });
}
