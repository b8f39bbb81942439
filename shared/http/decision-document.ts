// A decision as operators read it: GET /admin/decisions/{decision_id}, and the log. Never a token. Pure.
import type {
  DecisionRecord,
  IssuedFacts,
  RequestFacts,
  SessionFacts,
  TokenRecord,
} from '../oauth/decision/decision-record.ts';

/** The wire form of a decision; members that are undefined are left out of its JSON. Times are epoch seconds. */
export function decisionDocument(record: DecisionRecord): Readonly<Record<string, unknown>> {
  const { ending, trace, request, subject, actor } = record;
  return {
    decision_id: record.decisionId,
    at: record.at,
    outcome: ending.outcome,
    ...(ending.outcome === 'refused' && { error: ending.error, reason: ending.reason, detail: ending.detail }),
    rule: record.rule,
    request: request && requestDocument(request),
    subject: subject && tokenDocument(subject),
    actor: actor && tokenDocument(actor),
    ...(ending.outcome === 'granted' && {
      issued: ending.issued && issuedDocument(record.decisionId, ending.issued),
      inactive: ending.inactive,
    }),
    policy: record.policyHash,
    expires_at: record.expiresAt,
    ...(trace.omitted > 0 && { rules_omitted: trace.omitted }),
    // Last: Logs Insights finds 200 fields of a line, and a long trace has more.
    rules: trace.rules,
  };
}

function requestDocument(request: RequestFacts & { readonly truncated?: true }): Readonly<Record<string, unknown>> {
  const { audiences, resources, scope, requestedTokenType, client, truncated } = request;
  const type = { requested_token_type: requestedTokenType };
  return { audiences, resources, scope: scope?.join(' '), ...type, client, truncated };
}

function tokenDocument({ issuer, sub, jti, claims, hashed, omitted }: TokenRecord): Readonly<Record<string, unknown>> {
  const optional = {
    ...(Object.keys(hashed).length > 0 && { hashed }),
    ...(omitted.length > 0 && { omitted }),
  };
  return { issuer, sub, jti, claims, ...optional };
}

function issuedDocument(jti: string, issued: IssuedFacts) {
  const { sub, clientId, audience, scope, exp, family, session } = issued;
  const sessionOf = session && sessionDocument(session);
  return { jti, sub, client_id: clientId, audience, scope, exp, family, session: sessionOf };
}

function sessionDocument({ roleArn, name, durationSeconds, tags, dropped, packedPolicySize }: SessionFacts) {
  const size = { packed_policy_size: packedPolicySize };
  return { role_arn: roleArn, name, duration: durationSeconds, tags, dropped_tags: dropped, ...size };
}
