// Refuses RSA public keys whose signatures others could forge, or that are costly to verify with. Pure.
import type { Buffer } from 'node:buffer';

const minModulusBits = 2048; // RFC 7518 §3.3
const maxModulusBits = 8192; // a 16 Kbit modulus makes each verification cost milliseconds
const maxExponentBits = 64; // OpenSSL's own limit for large moduli; the cost grows with the exponent

/** The odd primes up to 167, all of which divide the constant of the vulnerable generator. */
const smallPrimes = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113,
  127, 131, 137, 139, 149, 151, 157, 163, 167,
];

interface Residues {
  readonly prime: bigint;
  readonly residues: ReadonlySet<number>;
}

/** Made with the first RSA key: a cold start that meets none has a millisecond less. */
let known: readonly Residues[] | undefined;

/** For each prime the powers of 65537: all that a vulnerable modulus can be, modulo that prime. */
function fingerprint(): readonly Residues[] {
  known ??= smallPrimes.map((prime) => ({ prime: BigInt(prime), residues: powersOf65537(prime) }));
  return known;
}

/**
 * Modulus and exponent, big-endian. The exponent is odd and at least 3: `e = 1` makes the message its own signature, an
 * even `e` is no RSA key. 3 is let in although FIPS 186-5 asks for more than 2^16: it is only forgeable where a verifier
 * parses PKCS #1 padding leniently, and OpenSSL compares the whole block.
 */
export function isStrongRsaKey(modulus: Buffer, exponent: Buffer): boolean {
  if (modulus.length > 2 * (maxModulusBits / 8)) return false;
  const n = integerOf(modulus);
  const e = integerOf(exponent);
  if (bitLength(n) < minModulusBits || bitLength(n) > maxModulusBits || n % 2n === 0n) return false;
  if (e < 3n || e % 2n === 0n || bitLength(e) > maxExponentBits) return false;
  return !isRocaModulus(n);
}

/**
 * The fingerprint of CVE-2017-15361 (ROCA): primes of the form `k·M + (65537^a mod M)`, factored in CPU days.
 * A sound modulus has it by chance less than once in 2^27.
 */
export function isRocaModulus(n: bigint): boolean {
  return fingerprint().every(({ prime, residues }) => residues.has(Number(n % prime)));
}

function powersOf65537(prime: number): ReadonlySet<number> {
  const powers = new Set<number>();
  for (let power = 1; !powers.has(power); power = (power * 65537) % prime) powers.add(power);
  return powers;
}

function integerOf(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex') || '0'}`);
}

function bitLength(value: bigint): number {
  return value.toString(2).length;
}
