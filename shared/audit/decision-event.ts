// A decision as an event of the trail: OCSF Authentication, for a token is presented and another is asked for. Never a token. Pure.
import type { DecisionRecord, IssuedFacts, TokenRecord } from '../oauth/decision/decision-record.ts';
import { type Claims, isClaims } from '../policy/claims.ts';
import { baseEvent, type Occurrence, type OcsfEvent, severities } from './ocsf.ts';

/** How a decision came into the table: as one, in place of a grant that came to nothing, or for the identical request again. */
export type DecisionNature = 'decided' | 'corrected' | 'repeated';

/** What of a decision goes into the trail. */
export interface DecisionFact {
  readonly kind: 'decision';
  readonly record: DecisionRecord;
  readonly nature: DecisionNature;
}

/** @param issuer of the tokens that are granted */
export function decisionEvent({ record, nature }: DecisionFact, issuer: string, seen: Occurrence): OcsfEvent {
  const { decisionId, at, ending, request, subject, actor, rule, policyHash } = record;
  const granted = ending.outcome === 'granted';
  const issued = granted ? ending.issued : undefined;
  return {
    ...baseEvent({
      ...seen,
      of: 'authentication',
      // The nearest of the class: one ticket is presented, and one for a service is asked for.
      activity: [4, 'Service Ticket Request'],
      time: at * 1_000,
      severity: granted ? severities.informational : severities.low,
      correlation: record.correlation,
    }),
    status_id: granted ? 1 : 2,
    status: granted ? 'Success' : 'Failure',
    ...(!granted && { status_code: ending.reason ?? ending.error, status_detail: ending.detail }),
    auth_protocol_id: 6,
    auth_protocol: 'OAUTH 2.0',
    is_remote: true,
    user: { uid: issued?.sub ?? subject?.sub ?? 'unknown', domain: subject?.issuer },
    actor: {
      app_uid: request?.client ?? subject?.issuer ?? 'unknown',
      ...(actor && { user: { uid: actor.sub, domain: actor.issuer } }),
      authorizations: [{ decision: ending.outcome, policy: { uid: policyHash, name: rule } }],
    },
    service: { name: targetOf(record) ?? 'unknown' },
    ...(issued && { session: sessionOf(decisionId, issued, { at, issuer }) }),
    unmapped: {
      decision_id: decisionId,
      ...(nature !== 'decided' && { nature }),
      ...(!granted && { error: ending.error }),
      client: request?.client,
      requested: request && requestOf(request),
      subject: subject && tokenOf(subject, record.sha256?.subject),
      actor: actor && tokenOf(actor),
      actor_chain: actorChain(actor, subject),
      issued: issued && issuedOf(decisionId, issued, record),
      kept_until: record.expiresAt,
      sequence: seen.sequence,
    },
  };
}

function targetOf({ ending, request }: DecisionRecord): string | undefined {
  if (ending.outcome === 'granted' && ending.issued) return ending.issued.audience;
  return request?.audiences[0] ?? request?.resources[0];
}

function sessionOf(
  jti: string,
  { exp, session }: IssuedFacts,
  { at, issuer }: { readonly at: number; readonly issuer: string },
) {
  return {
    uid: jti,
    ...(session && { uid_alt: `${session.roleArn}/${session.name}` }),
    issuer,
    created_time: at * 1_000,
    expiration_time: exp * 1_000,
    is_remote: true,
  };
}

function requestOf({ audiences, resources, scope, requestedTokenType }: NonNullable<DecisionRecord['request']>) {
  return { audiences, resources, scope: scope?.join(' '), token_type: requestedTokenType };
}

function tokenOf({ issuer, sub, jti, claims }: TokenRecord, sha256?: string) {
  return { issuer, sub, jti, iat: claims['iat'], exp: claims['exp'], sha256 };
}

function issuedOf(jti: string, { exp, clientId, scope, family, session }: IssuedFacts, record: DecisionRecord) {
  const role = session && {
    role_arn: session.roleArn,
    session_name: session.name,
    seconds: session.durationSeconds,
    tags: session.tags,
  };
  return {
    jti,
    client_id: clientId,
    scope,
    exp,
    lifetime: exp - record.at,
    family,
    ...role,
    sha256: record.sha256?.issued,
  };
}

/** Who acts first, then for whom it acts, as `act` of the issued token has it (RFC 8693 §4.1). */
function actorChain(actor: TokenRecord | undefined, subject: TokenRecord | undefined): readonly string[] | undefined {
  const earlier = actorsIn(subject?.claims['act']);
  const chain = actor ? [`${actor.issuer}|${actor.sub ?? 'unknown'}`, ...earlier] : earlier;
  return chain.length > 0 ? chain : undefined;
}

const mostActors = 16;

function actorsIn(act: unknown): readonly string[] {
  const found: string[] = [];
  let level = parsed(act);
  while (level && found.length < mostActors) {
    found.push(typeof level['sub'] === 'string' ? level['sub'] : 'unknown');
    level = parsed(level['act']);
  }
  return found;
}

function parsed(value: unknown): Claims | undefined {
  return isClaims(value) ? value : undefined;
}
