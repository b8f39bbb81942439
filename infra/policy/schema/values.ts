// The small values of the policy language as zod schemas, each with the words of its error. Pure.
import { z } from 'zod';
import { durationPattern, ratePattern, skewPattern } from './duration.ts';

/** Every key named: anything else is an unknown key. */
export const closed = z.strictObject;

export const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'a name is 1–63 of a–z 0–9 . _ - and begins with a letter or digit');

/** A name of one's own, or of another tenant. */
export const reference = z
  .string()
  .regex(
    /^(?:[a-z0-9][a-z0-9._-]{0,62}\/)?[a-z0-9][a-z0-9._-]{0,62}$/,
    'a name is 1–63 of a–z 0–9 . _ - and begins with a letter or digit; of another tenant it is <tenant>/<name>',
  );

export const duration = z.string().regex(durationPattern, 'a duration is a whole number and a unit: 30s 5m 12h 90d');
export const skew = z.string().regex(skewPattern, 'a duration is a whole number and a unit: 0s 30s 5m');
export const rate = z.string().regex(ratePattern, 'a rate is a whole number per unit: 50/s 100/m 1000/h');

export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 is 64 lower-case hexadecimal digits');

function isDay(text: string): boolean {
  const at = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text);
}

/** Whole days, in UTC: the day itself is the last one. */
export const day = z
  .string()
  .regex(/^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/, 'a day is written 2027-01-31')
  .refine(isDay, 'there is no such day');

/** RFC 6749 §3.3. */
export const scope = z
  .string()
  .regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'a scope is printable ASCII without space, " and \\ (RFC 6749 §3.3)');

export const filled = z.string().min(1, 'this cannot be empty');

export const oneOrMore = <T extends z.ZodType>(item: T) =>
  z.union([item, z.array(item).min(1, 'an empty list never fits')]);

export const claimType = z.enum(['string', 'int', 'bool', 'list', 'object']);

export const signingAlgorithm = z.enum(['RS256', 'PS256', 'ES256', 'ES384', 'Ed25519']);
/** `EdDSA` is the older name of what RFC 9864 calls `Ed25519`. The last row is taken only where a policy names it. */
export const verificationAlgorithm = z.enum([
  ...(['RS256', 'PS256', 'ES256', 'ES384', 'Ed25519', 'EdDSA'] as const),
  ...(['RS384', 'RS512', 'PS384', 'PS512', 'ES512'] as const),
]);

export const jwks = closed({
  keys: z.array(z.record(z.string(), z.unknown())).min(1, 'a key set needs a key'),
});

const scalar = z.union([
  z.string(),
  z.boolean(),
  z.int('a whole number has at most 15 digits; quote it if the claim is a string'),
]);

/** Claim path to the value wanted, or a list of values of which any will do. */
export const match = z.record(filled, oneOrMore(scalar));
