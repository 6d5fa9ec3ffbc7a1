/** Randomness that is the same in every run. */
import { toBytes } from '../core/bytes.ts';
import { sha256 } from '../crypto/hash.ts';

/**
 * A source of bytes that only depends on its seed. For tests: everyone can foretell it.
 *
 *     seededRandom('a')(4)   // the same four bytes every time
 */
export function seededRandom(seed: string): (bytes: number) => Uint8Array {
  let count = 0;
  return (bytes) => {
    const out = new Uint8Array(bytes);
    for (let at = 0; at < bytes; at += 32) {
      out.set(sha256(toBytes(`${seed}/${count++}`)).subarray(0, Math.min(32, bytes - at)), at);
    }
    return out;
  };
}
