// The types of the claims Cambio reads itself (RFC 7519 §4.1, RFC 8693 §4): checked before anything compares them. Pure.
import { TokenRefused } from '../oauth/jose/jwt.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../oauth/jose/strict-json.ts';

/** Times are whole seconds since the epoch. */
export interface RegisteredClaims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: readonly string[];
  readonly azp: string | undefined;
  readonly exp: number;
  readonly nbf: number | undefined;
  readonly iat: number | undefined;
  readonly jti: string | undefined;
  readonly act: JsonObject | undefined;
  readonly mayAct: JsonObject | undefined;
  readonly cnf: JsonObject | undefined;
}

const maxStringLength = 2_048;
const maxAudiences = 100;
/** 9999-12-31T23:59:59Z: later times would overflow other people's date arithmetic. */
const maxTime = 253_402_300_799;

/**
 * Reads the registered claims; a claim of another type than its specification says refuses the token.
 * @throws TokenRefused
 */
export function readRegisteredClaims(claims: JsonObject): RegisteredClaims {
  optionalString(claims, 'scope');
  optionalString(claims, 'client_id');
  return {
    iss: requiredString(claims, 'iss'),
    sub: requiredString(claims, 'sub'),
    aud: readAudience(claims['aud']),
    azp: optionalString(claims, 'azp'),
    exp: optionalTime(claims, 'exp') ?? refuse('exp'),
    nbf: optionalTime(claims, 'nbf'),
    iat: optionalTime(claims, 'iat'),
    jti: optionalString(claims, 'jti'),
    act: optionalObject(claims, 'act'),
    mayAct: optionalObject(claims, 'may_act'),
    cnf: optionalObject(claims, 'cnf'),
  };
}

/** `aud` as a list, whether it is one or not. */
export function readAudience(aud: JsonValue | undefined): readonly string[] {
  const values = Array.isArray(aud) ? (aud as readonly JsonValue[]) : [aud];
  if (values.length === 0 || values.length > maxAudiences) return refuse('aud');
  return values.map((value) => (isShortString(value) ? value : refuse('aud')));
}

/** A string that is there, not empty and not long. */
export function requiredString(claims: JsonObject, name: string): string {
  return optionalString(claims, name) ?? refuse(name);
}

function optionalString(claims: JsonObject, name: string): string | undefined {
  const value = claims[name];
  return value === undefined || isShortString(value) ? value : refuse(name);
}

/** Whole seconds; undefined where the claim is not there. */
export function optionalTime(claims: JsonObject, name: string): number | undefined {
  const value = claims[name];
  if (value === undefined) return undefined;
  // RFC 7519 §2 NumericDate may have a fraction; a token that is valid for part of a second more is not worth it.
  return typeof value === 'number' && value >= 0 && value <= maxTime ? Math.floor(value) : refuse(name);
}

function optionalObject(claims: JsonObject, name: string): JsonObject | undefined {
  const value = claims[name];
  return value === undefined || isJsonObject(value) ? value : refuse(name);
}

function isShortString(value: JsonValue | undefined): value is string {
  return typeof value === 'string' && value !== '' && value.length <= maxStringLength;
}

function refuse(name: string): never {
  throw new TokenRefused('malformed', `claim ${name} is missing or of the wrong type`);
}
