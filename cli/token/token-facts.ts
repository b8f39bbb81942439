// What a token says of itself, read and not verified: for error messages and for how long trying again makes sense. Pure.
import { printable } from '../printable.ts';

export interface TokenFacts {
  readonly iss: string | undefined;
  readonly aud: readonly string[];
  /** Seconds since the epoch. */
  readonly exp: number | undefined;
  readonly typ: string | undefined;
}

/** Facts of a JWT; undefined for anything else, such as an opaque token. */
export function factsOf(token: string): TokenFacts | undefined {
  const payload = payloadOf(token);
  if (!payload) return undefined;
  const { typ } = objectOf(token.split('.')[0]) ?? {};
  const { iss, aud, exp } = payload;
  return {
    iss: typeof iss === 'string' ? iss : undefined,
    aud: [aud].flat().filter((each) => typeof each === 'string'),
    exp: typeof exp === 'number' && Number.isFinite(exp) ? exp : undefined,
    typ: typeof typ === 'string' ? typ : undefined,
  };
}

/** The claims of a JWT; undefined for anything else. */
export function payloadOf(token: string): Readonly<Record<string, unknown>> | undefined {
  const [, claims, ...rest] = token.split('.');
  return rest.length === 1 ? objectOf(claims) : undefined;
}

/** RFC 7638 thumbprint of the key that a JWT is bound to (RFC 9449 §6.1); undefined where it says none. */
export function boundKeyOf(token: string): string | undefined {
  const cnf = payloadOf(token)?.['cnf'];
  const jkt = typeof cnf === 'object' && cnf !== null ? (cnf as { readonly jkt?: unknown }).jkt : undefined;
  return typeof jkt === 'string' ? jkt : undefined;
}

/** One line without the token: issuer, audience, how long it lives. @param at milliseconds since the epoch */
export function tokenSummary(token: string, at: number): string {
  const facts = factsOf(token);
  if (!facts) return 'not a JWT';
  const { iss = 'none', aud, exp } = facts;
  return printable(`iss ${iss}, aud ${aud.join(' and ') || 'none'}, ${lifeOf(exp, at)}`);
}

function lifeOf(exp: number | undefined, at: number): string {
  if (exp === undefined) return 'no exp';
  const left = Math.round(exp - at / 1_000);
  return left > 0 ? `expires in ${spell(left)}` : `expired ${spell(-left)} ago`;
}

function spell(seconds: number): string {
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}

function objectOf(part: string | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part ?? '', 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
