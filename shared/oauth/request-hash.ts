// What makes two requests identical, so that the second may have the answer of the first: what was asked, by whom, and what was
// granted. Never the whole policy: while one version of it takes over from another, a lost answer must not cost a token. Pure.
import { hash } from 'node:crypto';
import type { CompiledPolicy } from '../policy/compiled-policy.ts';
import type { Granted, RoleGrantedTo, VerifiedRequest } from './grant.ts';
import type { Form } from './request/form.ts';
import { roleSession } from './role-session/role-session.ts';
import { accessTokenClaims } from './tokens/issued-token.ts';

export interface GrantedRequest extends Omit<VerifiedRequest, 'request' | 'now'> {
  readonly form: Form;
  readonly granted: Granted | RoleGrantedTo;
}

interface Grantor {
  /** Our own. */
  readonly issuer: string;
  readonly policy: Pick<CompiledPolicy, 'issuers'>;
}

/** What must be fresh in a repetition. */
const notRepeated = ['client_assertion'];
/** A lifetime does not depend on when it begins, and an answer has no name yet. */
const atAnyTime = { now: 0, jti: '', kid: undefined };

/**
 * The same for identical requests alone: decoded parameters in any order of names, who called, with which key, and the grant as the caller would
 * see it: rule, target, scopes, lifetime and claims, of a role all that STS is asked for. Hex.
 * @throws Refused when the grant cannot be filled from these tokens
 */
export function requestHash(request: GrantedRequest, grantor: Grantor): string {
  const { form, caller, possession, granted } = request;
  const parameters = [...form].filter(([name]) => !notRepeated.includes(name)).sort(([a], [b]) => (a < b ? -1 : 1));
  const { id, outlive = false } = granted.rule;
  const content = 'role' in granted ? sessionOf(granted, request, grantor) : tokenOf(granted, request, grantor);
  const who = [caller?.client.name ?? null, possession.proof?.jkt ?? null];
  return hash('sha256', JSON.stringify([parameters, ...who, id, outlive, content]), 'hex');
}

/** Without the assertion, which is fresh in a repetition: what the token says of it differs each time. */
function tokenOf(granted: Granted, { caller, parties }: GrantedRequest, { issuer }: Grantor): readonly unknown[] {
  const { name, format, alg, status = false } = granted.audience;
  const claims = accessTokenClaims({ ...granted, ...parties, ...atAnyTime, issuer, client: caller?.client.name });
  return [name, format, alg, status, claims];
}

function sessionOf(granted: RoleGrantedTo, { parties }: GrantedRequest, { policy }: Grantor): readonly unknown[] {
  const { subject } = parties;
  // What was dropped STS never hears of.
  const {
    role,
    dropped: _,
    ...session
  } = roleSession({
    ...{ ...granted, subject, issuers: policy.issuers },
    ...{ decisionId: atAnyTime.jti, now: atAnyTime.now },
  });
  return [role.name, role.arn, role.externalId ?? null, role.via, session];
}
