/** A message that was signed once has one id: nobody can make a second one from it, to replay an order or a transfer. */
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { describe, expect, test } from 'vitest';
import { secp256k1PublicKey, secp256k1Recover, secp256k1Sign } from '../../src/crypto/secp256k1.ts';

const key = new Uint8Array(32).fill(7);
const digest = new Uint8Array(32).fill(9);
const signature = secp256k1Sign(key, digest);

/** (r, n − s) is a signature by the same key if the parity is swapped. */
function mirrored(): Uint8Array {
  const { r, s } = secp256k1.Signature.fromBytes(signature.subarray(0, 64), 'compact');
  const other = new secp256k1.Signature(r, secp256k1.Point.Fn.ORDER - s);
  const out = new Uint8Array(65);
  out.set(other.toBytes('compact'));
  out[64] = signature[64]! === 27 ? 28 : 27;
  return out;
}

describe('signatures of Ethereum keys', () => {
  test('count as they were made', () => {
    expect(secp256k1Recover(digest, signature)).toEqual(secp256k1PublicKey(key));
  });

  test('the mirrored one does not', () => {
    expect(secp256k1Recover(digest, mirrored())).toBeUndefined();
  });

  test.each([-27, -26, 2, 8])('another v does not (%i)', (change) => {
    const other = signature.slice();
    other[64] = signature[64]! + change;
    const recovered = secp256k1Recover(digest, other);
    expect(recovered === undefined || recovered.toHex() !== secp256k1PublicKey(key).toHex()).toBe(true);
  });
});
