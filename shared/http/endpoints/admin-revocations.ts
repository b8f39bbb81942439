// POST /admin/revocations, for callers API Gateway has authenticated with IAM. One audit line for every revocation; durable
// before it is answered. No I/O of its own.
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { causesOf } from '../../causes.ts';
import type { DecisionRecord } from '../../oauth/decision/decision-record.ts';
import type { ReadKeyring } from '../../oauth/jose/keyring.ts';
import { hiddenValue } from '../../oauth/revocation/kept-value.ts';
import { isListed } from '../../oauth/revocation/listing.ts';
import type { RecordRevocation, RevocationRecord } from '../../oauth/revocation/revocation.ts';
import {
  parseRevocationRequest,
  type RevocationRequest,
  revocationId,
} from '../../oauth/revocation/revocation-request.ts';
import { endsSessions, reachingRevocations } from '../../oauth/role-session/session-denials.ts';
import type { CompiledPolicy } from '../../policy/compiled-policy.ts';
import { revocableRoles } from '../../policy/session-revocation.ts';
import { adminEndpoint } from '../admin-endpoint.ts';
import { bodyText, json } from '../api-gateway.ts';
import type { WriteLog } from '../log.ts';

/** What has AWS sessions ended. */
export interface EndsSessions {
  /** Has the sessions of revocable roles ended, soon after it returns; undefined where the policy has no such role. */
  readonly endSessions: (() => Promise<void>) | undefined;
  readonly policy: Pick<CompiledPolicy, 'issuers' | 'clients' | 'rules' | 'audiences' | 'roles'>;
  readonly write: WriteLog;
}

export interface AdminRevocationsEndpoint extends EndsSessions {
  readonly findDecision: (decisionId: string) => Promise<DecisionRecord | undefined>;
  readonly recordRevocation: RecordRevocation;
  readonly readKeyring: ReadKeyring;
  /** Seconds a revocation is kept. */
  readonly keptFor: number;
  /** Epoch seconds. */
  readonly now: () => number;
}

/** Of the line of every request, granted, refused or failed. */
const name = 'admin_revocation';

type AdminEvent = Pick<APIGatewayProxyEvent, 'body' | 'isBase64Encoded' | 'requestContext'>;

/** The Lambda handler: 200 with `{id, by, value, issuedBefore}`, `known: false` for what is not there, and `aws`: whether AWS sessions end too; 400, 413, 503. */
export function adminRevocationsEndpoint(capabilities: AdminRevocationsEndpoint) {
  const { policy, now, write } = capabilities;
  const respond = async (event: AdminEvent, principal: string): Promise<APIGatewayProxyResult> => {
    const request = parseRevocationRequest(bodyText(event), now());
    const kept = hiddenValue(request, Object.values(policy.issuers));
    const answer = await record({ ...request, kept }, principal, capabilities);
    write('info', name, { ...answer, value: kept ?? answer.value, reason: request.reason, principal });
    return json(200, answer);
  };
  return adminEndpoint({ name, policy, respond }, write);
}

async function record(
  request: RevocationRequest & Pick<RevocationRecord, 'kept'>,
  principal: string,
  endpoint: AdminRevocationsEndpoint,
) {
  const { by, value, kept, issuedBefore, reason } = request;
  const at = endpoint.now();
  // A family is named by its first token; the administrator may name any token of it.
  const named = by === 'family' ? await rootOf(value, endpoint) : value;
  await endpoint.recordRevocation({
    by,
    value: named,
    kept,
    issuedBefore,
    reason,
    at,
    expiresAt: at + endpoint.keptFor,
    principal,
    listed: isListed(endpoint.policy),
  });
  const known = (await isKnown(request, endpoint)) ? {} : { known: false };
  const recorded = { id: revocationId({ by, value: named }), by, value, issuedBefore, ...known };
  return { ...recorded, aws: await endSessionsOf({ by, value: named }, endpoint) };
}

/** The revocation holds, and the schedule will see it. A failed call is logged for whoever is on call. */
export async function endSessionsOf(
  revocation: Pick<RevocationRequest, 'by' | 'value'>,
  { endSessions, policy, write }: EndsSessions,
): Promise<'pending' | 'none'> {
  if (!endSessions || !endsSessions(revocation, revocableRoles(policy), reachingRevocations(policy))) return 'none';
  await endSessions().catch((error: unknown) => write('error', 'session_revocation', { cause: causesOf(error) }));
  return 'pending';
}

/** Whether what a revocation names exists; that cannot be known of subjects and tokens. The revocation is made either way. */
async function isKnown(
  { by, value }: Pick<RevocationRequest, 'by' | 'value'>,
  { policy, readKeyring }: AdminRevocationsEndpoint,
): Promise<boolean> {
  switch (by) {
    case 'issuer':
      return Object.hasOwn(policy.issuers, value);
    case 'run':
      return Object.hasOwn(policy.issuers, value.slice(0, value.indexOf('|')));
    case 'client':
      return Object.hasOwn(policy.clients, value) || Object.hasOwn(policy.issuers, value);
    case 'key':
      return (await readKeyring()).keys.some(({ kid }) => kid === value);
    case 'jti':
    case 'family':
    case 'subject':
      return true;
  }
}

/** A token without a record can only be revoked by its own name. */
async function rootOf(jti: string, { findDecision }: AdminRevocationsEndpoint): Promise<string> {
  const ending = (await findDecision(jti))?.ending;
  return (ending?.outcome === 'granted' && ending.issued?.family) || jti;
}
