import { checkPrimeSync, generateKeyPairSync, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { isRocaModulus, isStrongRsaKey } from '../../../../shared/oauth/jose/rsa-strength.ts';

const F4 = Buffer.from([1, 0, 1]);

function modulusOf(bits: number): Buffer {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: bits });
  return Buffer.from(String(publicKey.export({ format: 'jwk' }).n), 'base64url');
}

const integer = (bytes: Buffer) => BigInt(`0x${bytes.toString('hex')}`);
const bytes = (value: bigint) => {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
};

/** The product of the first 39 primes: the constant of the vulnerable generator for its smallest keys. */
const M = Array.from({ length: 166 }, (_, index) => index + 2)
  .filter((candidate) => checkPrimeSync(BigInt(candidate)))
  .reduce((product, prime) => product * BigInt(prime), 1n);

function modPow(base: bigint, exponent: number, modulus: bigint): bigint {
  let result = 1n;
  for (let i = 0; i < exponent; i++) result = (result * base) % modulus;
  return result;
}

/** A 1024-bit prime as the vulnerable library made them: `k·M + (65537^a mod M)`. */
function rocaPrime(): bigint {
  const k = integer(randomBytes(101)) | (3n << 806n);
  for (let a = 0; ; a++) {
    const candidate = (k + BigInt(a)) * M + modPow(65537n, a, M);
    if (checkPrimeSync(candidate)) return candidate;
  }
}

const sound = modulusOf(2048);

test('a 2048-bit modulus with F4 is strong', () => {
  expect(isStrongRsaKey(sound, F4)).toBe(true);
});

test('a ROCA modulus is refused, and its neighbour without the fingerprint is not', () => {
  const roca = rocaPrime() * rocaPrime();
  expect(roca.toString(2).length).toBeGreaterThanOrEqual(2048);
  expect(isRocaModulus(roca)).toBe(true);
  expect(isStrongRsaKey(bytes(roca), F4)).toBe(false);
  expect(isRocaModulus(roca + 2n)).toBe(false);
  expect(isStrongRsaKey(bytes(roca + 2n), F4)).toBe(true);
});

test('twenty ordinary moduli have no ROCA fingerprint', () => {
  const odd = Array.from({ length: 20 }, () => integer(randomBytes(256)) | 1n);
  expect(odd.filter(isRocaModulus)).toEqual([]);
});

describe('modulus length', () => {
  test.each([
    [2047, false],
    [2048, true],
    [8192, true],
    [8193, false],
    [16384, false],
  ])('%i bits strong: %s', (bits, strong) => {
    const modulus = (1n << BigInt(bits - 1)) + 2n * integer(randomBytes(64)) + 1n;
    expect(isStrongRsaKey(bytes(modulus), F4)).toBe(strong);
  });

  test('leading zero bytes count for nothing', () => {
    expect(isStrongRsaKey(Buffer.concat([Buffer.alloc(1), sound]), F4)).toBe(true);
    expect(isStrongRsaKey(Buffer.concat([Buffer.alloc(129), sound.subarray(0, 127)]), F4)).toBe(false);
  });
});

test('an even modulus is refused', () => {
  expect(isStrongRsaKey(bytes(integer(sound) + 1n), F4)).toBe(false);
});

describe('exponent', () => {
  test.each([
    [0n, false],
    [1n, false],
    [2n, false],
    [3n, true],
    [17n, true],
    [65536n, false],
    [65537n, true],
    [(1n << 64n) - 1n, true],
    [(1n << 64n) + 1n, false],
  ])('%s accepted: %s', (exponent, strong) => {
    expect(isStrongRsaKey(sound, bytes(exponent))).toBe(strong);
  });
});
