// An administrator's revocation: POST /admin/revocations, from its JSON to what is recorded (docs/lifecycle.md). Pure.
import { createHash } from 'node:crypto';
import type { CompiledPolicy } from '../../policy/compiled-policy.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../policy/json.ts';
import { Refused } from '../denial.ts';
import { parseStrictJson } from '../jose/strict-json.ts';
import { type RevocationRecord, revocationKinds } from './revocation.ts';

export interface RevocationRequest extends Pick<RevocationRecord, 'value' | 'issuedBefore' | 'reason'> {
  readonly by: (typeof revocationKinds)[number];
}

const members = ['by', 'value', 'reason', 'issuedBefore'];
/** UTF-16 units; a subject's or a run's name is made of several claims of 2,048. */
const maxLength = 8_192;
/** Seconds that no access token outlives (its `maxTtl` is at most a day), and a late clock. */
const longestToken = 86_400 + 300;
/** Seconds a revocation is kept at least: a policy may come to accept older tokens than today's. */
const keptAtLeast = 30 * 86_400;

/**
 * Parses the body. `issuedBefore` is now unless it says otherwise, and never in the future: what is not issued yet is
 * kept out by policy, not by revocation.
 * @throws Refused `parameter`
 */
export function parseRevocationRequest(body: string, now: number): RevocationRequest {
  const request = parseJsonBody(body);
  if (Object.keys(request).some((name) => !members.includes(name))) malformed('the body');
  const { by, issuedBefore = now } = request;
  const kind = revocationKinds.find((one) => one === by) ?? malformed('by');
  if (typeof issuedBefore !== 'number' || !Number.isInteger(issuedBefore)) return malformed('issuedBefore');
  if (issuedBefore < 0 || issuedBefore > now) return malformed('issuedBefore');
  const value = requiredText(request, 'value');
  // A run is the issuer's: the same number is another run elsewhere.
  if (kind === 'run' && !/^[^|]+\|./.test(value)) malformed('value');
  return { by: kind, value, issuedBefore, reason: requiredText(request, 'reason') };
}

/**
 * An administrator's body: one JSON object.
 * @throws Refused `parameter`
 */
export function parseJsonBody(body: string): JsonObject {
  try {
    const value: JsonValue = parseStrictJson(body);
    if (isJsonObject(value)) return value;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  return malformed('the body');
}

/**
 * A member that must be there, as text.
 * @param longest in UTF-16 units
 * @throws Refused `parameter`
 */
export function requiredText(request: JsonObject, name: string, longest = maxLength): string {
  const value = request[name];
  if (value === undefined) throw new Refused({ kind: 'parameter', parameter: name, problem: 'missing' });
  return typeof value === 'string' && value !== '' && value.length <= longest ? value : malformed(name);
}

/** Names a revocation: the same for the same thing, so that asking twice is asking once. */
export function revocationId({ by, value }: Pick<RevocationRecord, 'by' | 'value'>): string {
  return createHash('sha256')
    .update(JSON.stringify([by, value]))
    .digest('hex')
    .slice(0, 32);
}

/** Seconds until no token is left that a revocation made now could hit, the foreign ones it came from included. */
export function keptFor({ issuers }: Pick<CompiledPolicy, 'issuers'>): number {
  const oldest = Object.values(issuers).map(({ maxLifetime, clockSkew }) => maxLifetime + clockSkew);
  return Math.max(keptAtLeast, longestToken + Math.max(0, ...oldest));
}

function malformed(parameter: string): never {
  throw new Refused({ kind: 'parameter', parameter, problem: 'malformed' });
}
