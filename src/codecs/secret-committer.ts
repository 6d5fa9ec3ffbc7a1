/**
 * Commitments with a secret that another device keeps (spec 02 §6.3): an httpsig HMAC whose `commitment-device` is `cookie@1.0` or
 * `http-auth@1.0`. What is authenticated, id, key id and committer are httpsig's; only where the secret comes from differs.
 *
 * The reference of 2025 verifies such a commitment without looking at it. Here the HMAC is checked with the secret, and without the
 * secret there is no verification.
 */
import { type Awaitable, andThen } from '../core/awaitable.ts';
import type { Binary } from '../core/bytes.ts';
import type { CommitRequest, Committer, VerifyRequest } from '../core/codec.ts';
import { addCommitments, commitmentText } from '../core/commitments.ts';
import { raise } from '../core/errors.ts';
import { type Message, messageFrom } from '../core/message.ts';
import { authenticated, httpsigCommitter } from './httpsig/committer.ts';
import { keyMaterial } from './httpsig/keyid.ts';

export interface SecretSource {
  /** The commitment device. */
  readonly device: string;
  /** The secret that a request gives or gives access to; for verification that of this committer. Raises or `undefined`: none. */
  secret(request: CommitRequest | VerifyRequest, committer: string | undefined): Awaitable<Binary | undefined>;
}

export function secretCommitter(source: SecretSource): Committer {
  return {
    commit(tabm, request, env) {
      return andThen(source.secret(request, undefined), (secret) => {
        if (secret === undefined) {
          raise('bad-commitment', `${source.device} needs a secret to commit with.`, 'Give `secret`, or generate one.');
        }
        if (!['signed', 'hmac-sha256'].includes(request.type)) {
          raise('bad-commitment', `${source.device} does not make commitments of type \`${request.type}\`.`);
        }
        const material = keyMaterial({ type: 'hmac-sha256', scheme: 'secret', secret });
        return andThen(authenticated(tabm, request, material, source.device, env), ([id, commitment]) =>
          addCommitments(tabm, messageFrom([[id, commitment]])),
        );
      });
    },

    async verify(tabm, id, commitment, request, env) {
      try {
        const secret = await source.secret(request, commitmentText(commitment, 'committer'));
        if (secret === undefined) return false;
        const plain: Message = commitment.with('commitment-device', 'httpsig@1.0');
        return await httpsigCommitter.verify(tabm, id, plain, { secret }, env);
      } catch {
        return false;
      }
    },
  };
}
