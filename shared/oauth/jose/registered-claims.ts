// The registered claims of a token that is being verified: what is wrong with them refuses it (RFC 7519 §4.1). Pure.
import type { JsonObject, JsonValue } from '../../policy/json.ts';
import {
  audienceList,
  isAudience,
  isShortString,
  isTime,
  parseRegisteredClaims,
  type RegisteredClaims,
  wholeSeconds,
} from '../../policy/registered-claims.ts';
import { TokenRefused } from './jwt.ts';

/**
 * Reads the registered claims; a claim of another type than its specification says refuses the token.
 * @throws TokenRefused
 */
export function readRegisteredClaims(claims: JsonObject): RegisteredClaims {
  const read = parseRegisteredClaims(claims);
  return 'wrong' in read ? refuse(read.wrong) : read;
}

/** `aud` as a list, whether it is one or not. */
export function readAudience(aud: JsonValue | undefined): readonly string[] {
  return isAudience(aud) ? audienceList(aud) : refuse('aud');
}

/** A string that is there, not empty and not long. */
export function requiredString(claims: JsonObject, name: string): string {
  const value = claims[name];
  return isShortString(value) ? value : refuse(name);
}

/** Whole seconds; undefined where the claim is not there. */
export function optionalTime(claims: JsonObject, name: string): number | undefined {
  const value = claims[name];
  return value === undefined || isTime(value) ? wholeSeconds(value) : refuse(name);
}

function refuse(name: string): never {
  throw new TokenRefused('malformed', `claim ${name} is missing or of the wrong type`);
}
