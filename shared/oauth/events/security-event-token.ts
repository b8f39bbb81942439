// Is a pushed security event token genuine (RFC 8417, RFC 8935 §2)? Issuer, transmitter, key, signature, then audience, type
// and time. What its events mean is the next question. Pure but for the key look-up it is given.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { EventStream, TrustedIssuer } from '../../policy/compiled-policy.ts';
import { isJsonObject, type JsonObject } from '../../policy/json.ts';
import { type ParsedJwt, parseJwt } from '../jose/jwt.ts';
import { optionalTime, readAudience, requiredString } from '../jose/registered-claims.ts';
import { type FindIssuerKey, verifySignature } from '../verify/verify-token.ts';
import { EventRefused, eventRefused } from './event-refused.ts';

/** An issuer whose events are taken. */
export type EventIssuer = TrustedIssuer & { readonly events: EventStream };

/** A verified security event token. Times are seconds since the epoch. */
export interface SecurityEventToken {
  readonly issuer: EventIssuer;
  readonly jti: string;
  readonly iat: number;
  /** By the URI of their type. */
  readonly events: Readonly<Record<string, JsonObject>>;
  readonly subject: JsonObject | undefined;
}

export interface EventVerifier {
  readonly issuers: readonly TrustedIssuer[];
  readonly findKey: FindIssuerKey;
  /** Seconds since the epoch. */
  readonly now: () => number;
}

export interface PushedEvent {
  /** The request's body. */
  readonly compact: string;
  /** The whole value of its Authorization header. */
  readonly authorization: string | undefined;
}

/** Seconds after which an event is no news: longer than transmitters try again, and as long as uses are remembered. */
export const maxEventAge = 7 * 86_400;
/** Most events in one token; SSF sends one. */
const maxEvents = 20;

/**
 * @throws EventRefused
 * @throws Refused `unavailable` when the issuer's keys cannot be had
 */
export async function verifyEventToken(pushed: PushedEvent, verifier: EventVerifier): Promise<SecurityEventToken> {
  try {
    const jwt = parseJwt(pushed.compact);
    // RFC 8417 §2.3: no other JWT of the issuer may stand in for an event, nor an event for a token (RFC 8725 §3.11).
    if (jwt.header.typ !== 'secevent+jwt') throw new EventRefused('invalid_request', 'typ is not secevent+jwt');
    const issuer = findStream(jwt.claims, verifier.issuers);
    authenticate(issuer, pushed.authorization);
    await verifySignature(jwt, issuer, verifier.findKey);
    return readToken(jwt, issuer, verifier.now());
  } catch (error) {
    throw eventRefused(error);
  }
}

function findStream(claims: JsonObject, issuers: readonly TrustedIssuer[]): EventIssuer {
  const iss = requiredString(claims, 'iss');
  const aud = readAudience(claims['aud']);
  const named = issuers.filter((issuer) => issuer.url === iss).filter(hasEvents);
  if (named.length === 0) throw new EventRefused('invalid_issuer', 'iss names no issuer whose events are taken');
  const found = named.find(({ events }) => aud.includes(events.audience));
  return found ?? refuseAudience();
}

function hasEvents(issuer: TrustedIssuer): issuer is EventIssuer {
  return issuer.events !== undefined;
}

/** The transmitter's own secret, where the policy asks for one (RFC 8935 §3). */
function authenticate({ events }: EventIssuer, authorization = ''): void {
  if (events.authorization === undefined) return;
  const given = createHash('sha256').update(authorization).digest();
  if (timingSafeEqual(given, Buffer.from(events.authorization, 'hex'))) return;
  throw new EventRefused('authentication_failed', 'Authorization is not that of the transmitter');
}

/** `exp` is for tokens: an event that happened does not stop having happened (RFC 8417 §2.2). */
function readToken({ claims }: ParsedJwt, issuer: EventIssuer, now: number): SecurityEventToken {
  const jti = requiredString(claims, 'jti');
  const iat = optionalTime(claims, 'iat') ?? malformed('iat is missing');
  if (iat > now + issuer.clockSkew) malformed('iat is in the future');
  if (iat < now - maxEventAge) malformed('iat is too long ago');
  const subject = claims['sub_id'];
  if (subject !== undefined && !isJsonObject(subject)) return malformed('sub_id is not an object');
  return { issuer, jti, iat, events: readEvents(claims), subject };
}

function readEvents({ events }: JsonObject): SecurityEventToken['events'] {
  if (!isJsonObject(events)) return malformed('events is not an object');
  const entries = Object.entries(events);
  if (entries.length === 0 || entries.length > maxEvents) return malformed('events has none, or too many');
  return Object.fromEntries(
    entries.map(([type, event]) => [type, isJsonObject(event) ? event : malformed('an event is not an object')]),
  );
}

function malformed(message: string): never {
  throw new EventRefused('invalid_request', message);
}

function refuseAudience(): never {
  throw new EventRefused('invalid_audience', 'aud does not name this receiver');
}
