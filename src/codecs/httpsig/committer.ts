/**
 * Making and checking httpsig commitments (spec 02 §2.7, §2.11).
 *
 * Verification is real: beside the signature over the rebuilt base, the commitment's id has to be the hash of its signature, its key id the
 * canonical one, and its committer the key's owner. The base is rebuilt in every form that the dialects of the network give it (component
 * order, children with or without commitments, id keys), the node's own first; most messages have only one.
 */
import { type Awaitable, andThen, isPromise } from '../../core/awaitable.ts';
import {
  type Binary,
  fromBase64,
  isBinary,
  sameBytes,
  sameKeys,
  toBase64Url,
  toBytes,
  toText,
} from '../../core/bytes.ts';
import type { CommitRequest, Committer, VerifyRequest } from '../../core/codec.ts';
import {
  addCommitments,
  commitmentsOf,
  commitmentText,
  committedKeys,
  everySigner,
  keepCommitments,
  keysCommittedBy,
  rawKeysCommittedBy,
} from '../../core/commitments.ts';
import { type Dialect, dialects } from '../../core/dialect.ts';
import type { Environment } from '../../core/environment.ts';
import { raise } from '../../core/errors.ts';
import { isMessage, Message } from '../../core/message.ts';
import type { Value } from '../../core/value.ts';
import { sha256Base64Url } from '../../crypto/hash.ts';
import { rsaVerify } from '../../crypto/rsa.ts';
import { committedValue, foundUnsigned } from '../ids.ts';
import { type ChildForm, childForm } from '../load.ts';
import { type Components, components, defaultKeys, signatureBase, signatureParams } from './base.ts';
import { inlined, linked } from './children.ts';
import { isForeign, verifyForeign } from './foreign.ts';
import { constantKeyId, hmacWith, type KeyMaterial, keyMaterial, publicKeyId } from './keyid.ts';
import { withLinkedBytes } from './linked-bytes.ts';
import { isBundle, rememberNames } from './signature-input.ts';

const device = 'httpsig@1.0';

export const httpsigCommitter: Committer = { commit, verify, hashesLinks: true };

// ---- committing -------------------------------------------------------------------------------------------------------------

function commit(tabm: Message, request: CommitRequest, env: Environment): Awaitable<Message> {
  switch (request.type) {
    case 'signed':
    case 'rsa-pss-sha512':
      return sign(tabm, request, env);
    case 'unsigned':
    case 'hmac-sha256':
      return authenticate(tabm, request, env);
    default:
      return raise('bad-commitment', `httpsig@1.0 does not make commitments of type \`${request.type}\`.`);
  }
}

/** The keys to commit: as asked, else what the message's commitments all cover, else everything. */
function keysToCommit(tabm: Message, request: CommitRequest): readonly string[] {
  if (request.committed !== undefined) return request.committed;
  const stacked = tabm.has('commitments') ? committedKeys(tabm, everySigner) : [];
  return stacked.length > 0 ? stacked : defaultKeys(tabm);
}

async function sign(tabm: Message, request: CommitRequest, env: Environment): Promise<Message> {
  const wallet = request.wallet ?? env.wallet;
  if (wallet === undefined) {
    return raise('no-wallet', 'There is no key to sign with.', 'Give the node a wallet.');
  }
  const tag = hashpathTag(tabm);
  const fields = new Map<string, Value>([
    ['commitment-device', device],
    ['type', 'rsa-pss-sha512'],
    ['keyid', publicKeyId(wallet.publicKey)],
    ['committer', wallet.address],
  ]);
  if (tag !== undefined) fields.set('tag', tag);
  if (request.bundle === true) fields.set('bundle', 'true');
  const keys = keysToCommit(tabm, request);
  const covered = await covering(tabm, keys, request.bundle === true, env);
  const base = signatureBase(covered.lines, signatureParams(fields));
  const signature = await wallet.sign('rsa-pss-sha512', toBytes(base));
  fields.set('signature', toBase64Url(signature));
  fields.set('committed', committedValue(covered.committed, env));
  const commitment = new Message(fields);
  rememberNames(commitment, covered.lines, env);
  const signed = addCommitment(tabm, sha256Base64Url(signature), commitment);
  // Every signature goes with the unsigned identity of what it covers.
  const { committed } = request;
  return authenticate(
    signed,
    {
      type: 'hmac-sha256',
      ...(committed === undefined ? {} : { committed }),
      ...(request.bundle === true || inheritsBundle(signed, env) ? { bundle: true } : {}),
    },
    env,
    { keys, bundle: request.bundle === true, covered },
  );
}

function inheritsBundle(tabm: Message, env: Environment): boolean {
  return (
    env.dialect.hmacInheritsBundle &&
    commitmentsOf(tabm).some(([, one]) => commitmentText(one, 'commitment-device') === device && isBundle(one))
  );
}

/** The hashpath a message has when it is signed; core/commit.ts puts it there. */
function hashpathTag(tabm: Message): string | undefined {
  const priv = tabm.get('priv');
  const hashpath = isMessage(priv) ? priv.get('hashpath') : undefined;
  return hashpath !== undefined && isBinary(hashpath) ? toText(hashpath) : undefined;
}

/** Adds an HMAC; one with the same key id is replaced. */
function authenticate(tabm: Message, request: CommitRequest, env: Environment, known?: Known): Awaitable<Message> {
  const { scheme, secret, keyid } = request;
  return andThen(
    authenticated(tabm, request, keyMaterial({ type: 'hmac-sha256', keyid, scheme, secret }), device, env, known),
    ([id, commitment]) =>
      addCommitment(
        keepCommitments(tabm, (_, one) => !isHmacOf(one, commitmentText(commitment, 'keyid')!)),
        id,
        commitment,
      ),
  );
}

function isHmacOf(commitment: Message, keyid: string): boolean {
  return (
    commitmentText(commitment, 'commitment-device') === device &&
    commitmentText(commitment, 'type') === 'hmac-sha256' &&
    commitmentText(commitment, 'keyid') === keyid
  );
}

/**
 * An HMAC commitment and its id. `commitmentDevice` is another than httpsig for devices that keep their secrets elsewhere
 * (`cookie@1.0`, `http-auth@1.0`; spec 02 §6.3): what is authenticated is the same.
 */
export function authenticated(
  tabm: Message,
  request: CommitRequest,
  material: KeyMaterial,
  commitmentDevice: string,
  env: Environment,
  known?: Known,
): Awaitable<readonly [string, Message]> {
  const fields = new Map<string, Value>([
    ['commitment-device', commitmentDevice],
    ['type', 'hmac-sha256'],
    ['keyid', material.keyid],
  ]);
  if (material.committer !== undefined) fields.set('committer', material.committer);
  if (request.bundle === true) fields.set('bundle', 'true');
  const keys = keysToCommit(tabm, request);
  const bundle = request.bundle === true;
  const before = known !== undefined && known.bundle === bundle && isSameCover(known.keys, keys) ? known : undefined;
  return andThen(before?.covered ?? covering(tabm, keys, bundle, env), ({ lines, committed }) => {
    const id = hmacWith(material, signatureBase(lines, signatureParams(fields)));
    fields.set('signature', id);
    fields.set('committed', committedValue(committed, env));
    const commitment = new Message(fields);
    rememberNames(commitment, lines, env);
    return [id, commitment] as const;
  });
}

/** What was found to be covered when the message was signed. The commitments that it has meanwhile don't matter for that. */
interface Known {
  readonly keys: readonly string[];
  readonly bundle: boolean;
  readonly covered: Components;
}

/** A `signature` among the keys is encoded in another way once there are commitments. */
function isSameCover(before: readonly string[], keys: readonly string[]): boolean {
  return sameKeys(before, keys) && !keys.includes('signature');
}

function covering(tabm: Message, keys: readonly string[], bundle: boolean, env: Environment) {
  const prepared = bundle ? inlined(tabm, env) : linked(tabm, env);
  return andThen(prepared, (whole) =>
    andThen(withLinkedBytes(whole, env, keys), (ready) => components(ready, keys, bundle, env)),
  );
}

function addCommitment(tabm: Message, id: string, commitment: Message): Message {
  return addCommitments(tabm, new Message(new Map([[id, commitment]])));
}

// ---- verifying --------------------------------------------------------------------------------------------------------------

function verify(
  tabm: Message,
  id: string,
  commitment: Message,
  request: VerifyRequest,
  env: Environment,
): Awaitable<boolean> {
  try {
    const answer = check(tabm, id, commitment, request, env);
    return isPromise(answer) ? answer.catch(() => false) : answer;
  } catch {
    // Whatever is malformed does not verify.
    return false;
  }
}

function check(
  tabm: Message,
  id: string,
  commitment: Message,
  request: VerifyRequest,
  env: Environment,
): Awaitable<boolean> {
  const type = commitmentText(commitment, 'type');
  const keyid = commitmentText(commitment, 'keyid');
  const signature = fromBase64(commitmentText(commitment, 'signature') ?? '');
  if (signature === undefined) return false;
  const material = keyMaterial({ type, keyid, secret: request.secret });
  if (material.committer !== commitmentText(commitment, 'committer')) return false;
  if (type === 'rsa-pss-sha512' && material.scheme === 'publickey') {
    if (id !== sha256Base64Url(signature)) return false;
    if (isForeign(commitment)) return verifyForeign(tabm, commitment, material.key, signature, env);
    return anyBase(tabm, commitment, env, (base) => rsaVerify('sha512', material.key, toBytes(base), signature));
  }
  if (type === 'hmac-sha256' && material.scheme !== 'publickey') {
    if (id !== toBase64Url(signature)) return false;
    let tries = 0;
    return anyBase(tabm, commitment, env, (base) => {
      tries++;
      if (!sameText(hmacWith(material, base), id)) return false;
      // The first base is that of the node's own dialect.
      if (tries === 1 && keyid === constantKeyId && !isBundle(commitment)) {
        foundUnsigned(tabm, id, keysCommittedBy(commitment), env);
      }
      return true;
    });
  }
  return false;
}

/** In time that doesn't depend on where they differ. */
function sameText(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}

/** Whether one of the bases that the dialects give passes `holds`. */
function anyBase(
  tabm: Message,
  commitment: Message,
  env: Environment,
  holds: (base: Binary) => Awaitable<boolean>,
): Awaitable<boolean> {
  const raw = rawKeysCommittedBy(commitment);
  const bundle = isBundle(commitment);
  const params = signatureParams(commitment);
  const tried: Binary[] = [];
  const forms = candidates(tabm, bundle, env);
  const next = (): Awaitable<boolean> => {
    const form = forms.next();
    if (form.done === true) return false;
    return andThen(form.value, ([prepared, candidate]) => {
      const base = signatureBase(components(prepared, raw, bundle, candidate).lines, params);
      if (tried.some((before) => sameBytes(before, base))) return next();
      tried.push(base);
      return andThen(holds(base), (valid) => valid || next());
    });
  };
  return next();
}

type Form = Awaitable<readonly [Message, Environment]>;

const childForms: readonly ChildForm[] = ['completed', 'given', 'bare'];

/** The TABM with its children and the rules as each dialect has them, the node's own first. */
function* candidates(tabm: Message, bundle: boolean, env: Environment): Generator<Form> {
  for (let i = -1; i < allDialects.length; i++) {
    const dialect = i < 0 ? env.dialect : allDialects[i]!;
    if (i >= 0 && dialect.name === env.dialect.name) continue;
    const candidate = dialect === env.dialect ? env : { ...env, dialect };
    if (!bundle) {
      yield [linked(tabm, candidate), candidate];
      continue;
    }
    // Nodes on the way may have completed the children, or not.
    const own = childForm(candidate);
    for (const form of [own, ...childForms.filter((one) => one !== own)]) {
      yield andThen(inlined(tabm, candidate, form), (prepared) => [prepared, candidate] as const);
    }
  }
}

const allDialects: readonly Dialect[] = Object.values(dialects);
