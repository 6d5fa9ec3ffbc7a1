/**
 * The primes of an RSA key from its modulus and exponents. Some nodes write wallet files with `n`, `e` and `d` only (spec 02 §7); OpenSSL
 * wants the primes as well.
 *
 * `e·d - 1` is a multiple of the order of every base, so for most bases repeated squaring meets a square root of 1 other than ±1,
 * and such a root splits the modulus. Each base succeeds with probability at least one half.
 */

export interface RsaPrimes {
  readonly p: bigint;
  readonly q: bigint;
}

/** Half of all bases fail at most, so 64 failures mean that the numbers don't belong together. */
const bases = 64n;

/** `undefined` if the three numbers are not one RSA key. */
export function rsaPrimes(n: bigint, e: bigint, d: bigint): RsaPrimes | undefined {
  if (n < 15n || n % 2n === 0n || e < 3n || d < 1n || d >= n) return undefined;
  let odd = e * d - 1n;
  let twos = 0;
  while (odd > 0n && (odd & 1n) === 0n) {
    odd >>= 1n;
    twos++;
  }
  if (twos === 0) return undefined;
  for (let base = 2n; base < 2n + bases; base++) {
    let x = modPow(base, odd, n);
    for (let i = 0; i < twos && x !== 1n && x !== n - 1n; i++) {
      const square = (x * x) % n;
      if (square === 1n) return inOrder(gcd(x - 1n, n), n);
      x = square;
    }
    if (x !== 1n && x !== n - 1n) return undefined;
  }
  return undefined;
}

function inOrder(factor: bigint, n: bigint): RsaPrimes {
  const other = n / factor;
  return factor > other ? { p: factor, q: other } : { p: other, q: factor };
}

function modPow(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (const bit of exponent.toString(2)) {
    result = (result * result) % modulus;
    if (bit === '1') result = (result * base) % modulus;
  }
  return result;
}

function gcd(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b];
  return a;
}

/** The inverse of `a` modulo a prime or anything it shares no factor with. */
export function modInverse(a: bigint, modulus: bigint): bigint {
  let [r, nextR] = [a % modulus, modulus];
  let [s, nextS] = [1n, 0n];
  while (nextR !== 0n) {
    const quotient = r / nextR;
    [r, nextR] = [nextR, r - quotient * nextR];
    [s, nextS] = [nextS, s - quotient * nextS];
  }
  return ((s % modulus) + modulus) % modulus;
}
