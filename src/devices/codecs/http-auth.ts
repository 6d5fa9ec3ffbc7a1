/**
 * `http-auth@1.0` (spec 02 §6.2) by path: secrets derived from an `Authorization: Basic` header, for people who have a password and no
 * wallet. The derivation is slow on purpose; it runs on the thread pool.
 */
import { authSecret } from '../../codecs/http-auth.ts';
import { device } from '../../core/device.ts';
import { ok } from '../../core/outcome.ts';

const codec = 'http-auth@1.0';

export const httpAuthDevice = device({
  name: codec,
  doc: 'Secrets and commitments from a user name and password.',
  uses: ['environment'],
  keys: {
    generate: {
      doc: 'The secret that the request’s `authorization` (or `secret`) stands for.',
      run: async ({ requestMessage }) => ok(await authSecret(requestMessage)),
    },
    commit: {
      doc: 'The base with a commitment under that secret.',
      async run({ base, requestMessage: request, ao }) {
        const secret = await authSecret(request);
        const asked = request.with('secret', secret).with('commitment-device', codec).without('path', 'authorization');
        return ok(await ao.commit(base, asked));
      },
    },
    verify: {
      doc: 'Whether the commitments hold under that secret.',
      async run({ base, requestMessage: request, ao }) {
        const secret = await authSecret(request);
        return ao.raw('message@1.0', base, request.with('path', 'verify').with('secret', secret));
      },
    },
  },
});
