// What a security event means here: SSF and CAEP say that a session or a credential of a subject is no longer good, and
// tokens of that subject are revoked. Pure.
import type { TrustedIssuer } from '../../policy/compiled-policy.ts';
import type { JsonObject, JsonValue } from '../../policy/json.ts';
import { fillSubject } from '../../policy/template.ts';
import { tenantOf } from '../../policy/tenant.ts';
import { hiddenValue } from '../revocation/kept-value.ts';
import { originId } from '../revocation/lineage.ts';
import type { Revocation, RevocationRecord } from '../revocation/revocation.ts';
import { EventRefused } from './event-refused.ts';
import type { EventIssuer, SecurityEventToken } from './security-event-token.ts';

const caep = 'https://schemas.openid.net/secevent/caep/event-type/';
/** Events after which what was issued before is no longer good (CAEP §3.1, §3.3). */
const revoking: readonly string[] = [`${caep}session-revoked`, `${caep}credential-change`];
const ssf = 'https://schemas.openid.net/secevent/ssf/event-type/';
/** Events about the stream itself, which say nothing of a subject. */
const aboutStream: readonly string[] = [`${ssf}verification`, `${ssf}stream-updated`];

export interface EventEffect {
  readonly revocations: readonly RevocationRecord[];
  /** Types that mean nothing here; taken all the same, and logged (RFC 8935 §2.2). */
  readonly unknown: readonly string[];
}

export interface Receiver {
  /** All of the policy: a subject of one `iss` may have tokens by several entries of a tenant. */
  readonly issuers: readonly TrustedIssuer[];
  /** Seconds a revocation is kept. */
  readonly keptFor: number;
  /** Whether a Status List or an AWS session can show a revocation. */
  readonly listed: boolean;
}

/**
 * What the events of a verified token do. The same token always has the same effect, whenever it comes again.
 * @throws EventRefused when an event that revokes does not say, in a way we know, whose tokens
 */
export function effectOf(token: SecurityEventToken, { issuers, keptFor, listed }: Receiver, now: number): EventEffect {
  const types = Object.keys(token.events);
  const unknown = types.filter((type) => !revoking.includes(type) && !aboutStream.includes(type));
  const known = Object.entries(token.events).filter(([type]) => revoking.includes(type));
  const { name, url } = token.issuer;
  // Another tenant's entry of the same `iss` may have keys of its own: what those sign is not about anybody else's tokens.
  const same = issuers.filter((issuer) => issuer.url === url && tenantOf(issuer.name) === tenantOf(name));
  const revocations = known.flatMap(([type, event]) =>
    subjectsOf(token, same).map((subject) => ({
      ...subject,
      kept: hiddenValue(subject, issuers),
      issuedBefore: timeOf(token, event, now),
      expiresAt: now + keptFor,
      reason: type,
      at: now,
      principal: `events of ${token.issuer.name}`,
      listed,
    })),
  );
  return { revocations, unknown };
}

/**
 * Until when tokens are revoked: the event's own time, never later than the token that tells of it, so that a token
 * which comes again revokes nothing issued since. Some transmitters write milliseconds; those are later.
 */
function timeOf({ iat }: SecurityEventToken, event: JsonObject, now: number): number {
  const stated = event['event_timestamp'];
  const time = typeof stated === 'number' && stated >= 0 ? Math.floor(stated) : iat;
  return Math.min(time, iat, now);
}

/** RFC 9493 §3.2: whose tokens, by what they say of their origin or by their issued subject. */
function subjectsOf(
  { issuer, subject }: SecurityEventToken,
  same: readonly TrustedIssuer[],
): readonly Pick<Revocation, 'by' | 'value'>[] {
  if (subject?.['format'] === 'iss_sub') return byOrigin(subject, issuer, same);
  if (subject?.['format'] === 'email') return byEmail(text(subject['email']), same);
  throw new EventRefused('invalid_request', 'sub_id is of no format known here: iss_sub, email');
}

function byOrigin(subject: JsonObject, issuer: EventIssuer, same: readonly TrustedIssuer[]) {
  // An issuer speaks for its own subjects alone.
  if (subject['iss'] !== issuer.url) throw new EventRefused('access_denied', 'sub_id is a subject of another issuer');
  const sub = text(subject['sub']);
  return same.map(({ name }) => ({ by: 'origin' as const, value: originId(name, sub) }));
}

/** An address tells whose tokens only where the issued subject is made of it and of nothing else. */
function byEmail(email: string, same: readonly TrustedIssuer[]) {
  const subjects = same.flatMap(({ subject }) => {
    const claims = (subject ?? []).flatMap((part) => (typeof part === 'string' ? [] : [part.claim]));
    if (!subject || claims.length === 0 || claims.some((claim) => claim !== 'email')) return [];
    const value = fillSubject(subject, { email });
    if (value === undefined) throw new EventRefused('invalid_request', 'no subject here is made of such an address');
    return [{ by: 'subject' as const, value }];
  });
  if (subjects.length > 0) return subjects;
  throw new EventRefused('invalid_request', 'sub_id is an email address, and subjects here are not made of it');
}

function text(value: JsonValue | undefined): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new EventRefused('invalid_request', 'sub_id is malformed');
}
