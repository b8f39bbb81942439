// The types of the claims Cambio reads itself (RFC 7519 §4.1, RFC 8693 §4): checked before anything compares them. What
// else a token says is its issuer's business, however it writes it. Pure.
import type { ClaimType } from './compiled-policy.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';

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

/** The name of a claim that is missing or of another type than its specification says. */
export interface WrongClaim {
  readonly wrong: string;
  /** What it should be. */
  readonly type: ClaimType;
}

const maxStringLength = 2_048;
const maxAudiences = 100;
/** 9999-12-31T23:59:59Z: later times would overflow other people's date arithmetic. */
const maxTime = 253_402_300_799;

const required = ['iss', 'sub', 'aud', 'exp'];

interface Typed {
  readonly type: ClaimType;
  readonly fits: (value: JsonValue) => boolean;
}

/** In the order in which they are told. */
const typed: ReadonlyMap<string, Typed> = new Map<string, Typed>([
  ['iss', { type: 'string', fits: isShortString }],
  ['sub', { type: 'string', fits: isShortString }],
  ['aud', { type: 'list', fits: isAudience }],
  ['azp', { type: 'string', fits: isShortString }],
  ['exp', { type: 'int', fits: isTime }],
  ['nbf', { type: 'int', fits: isTime }],
  ['iat', { type: 'int', fits: isTime }],
  ['jti', { type: 'string', fits: isShortString }],
  ['act', { type: 'object', fits: isJsonObject }],
  ['may_act', { type: 'object', fits: isJsonObject }],
  ['cnf', { type: 'object', fits: isJsonObject }],
]);

const checked = [...typed].map(([name, one]) => ({ name, ...one, needed: required.includes(name) }));

/** The type a claim has in every accepted token; undefined where the issuer decides. */
export function registeredType(name: string): ClaimType | undefined {
  return typed.get(name)?.type;
}

/** Reads the registered claims, or says which of them refuses the token. */
export function parseRegisteredClaims(claims: JsonObject): RegisteredClaims | WrongClaim {
  for (const { name, type, fits, needed } of checked) {
    const value = claims[name];
    if (value === undefined ? needed : !fits(value)) return { wrong: name, type };
  }
  return {
    iss: claims['iss'] as string,
    sub: claims['sub'] as string,
    aud: audienceList(claims['aud']),
    azp: claims['azp'] as string | undefined,
    exp: wholeSeconds(claims['exp']) as number,
    nbf: wholeSeconds(claims['nbf']),
    iat: wholeSeconds(claims['iat']),
    jti: claims['jti'] as string | undefined,
    act: claims['act'] as JsonObject | undefined,
    mayAct: claims['may_act'] as JsonObject | undefined,
    cnf: claims['cnf'] as JsonObject | undefined,
  };
}

/** A string, not empty and not long. */
export function isShortString(value: JsonValue | undefined): value is string {
  return typeof value === 'string' && value !== '' && value.length <= maxStringLength;
}

/** A time that other people's date arithmetic can hold (RFC 7519 §2 NumericDate). */
export function isTime(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && value >= 0 && value <= maxTime;
}

/** One audience, or a list of them. */
export function isAudience(value: JsonValue | undefined): value is string | readonly string[] {
  const values = audienceList(value);
  return values.length > 0 && values.length <= maxAudiences && values.every(isShortString);
}

/** `aud` as a list, whether it is one or not. */
export function audienceList(aud: JsonValue | undefined): readonly string[] {
  return (Array.isArray(aud) ? aud : [aud]) as readonly string[];
}

/** A NumericDate may have a fraction. It is dropped: part of a second does not matter. */
export function wholeSeconds(time: JsonValue | undefined): number | undefined {
  return typeof time === 'number' ? Math.floor(time) : undefined;
}
