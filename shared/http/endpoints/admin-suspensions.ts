// /admin/suspensions, for callers API Gateway has authenticated with IAM: the kill switch (contract §6). One audit line for
// every change; durable before it is answered. No I/O of its own.
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import type { SuspendableName, Suspension } from '../../oauth/revocation/suspension.ts';
import { isKnown, parseSuspendable, parseSuspension } from '../../oauth/revocation/suspension-request.ts';
import type { CompiledPolicy } from '../../policy/compiled-policy.ts';
import { adminEndpoint } from '../admin-endpoint.ts';
import { bodyText, json } from '../api-gateway.ts';
import type { WriteLog } from '../log.ts';

export interface SuspensionsEndpoint {
  readonly policy: CompiledPolicy;
  /** Durable when it returns; replaces an earlier one of the same name. */
  readonly recordSuspension: (suspension: Suspension) => Promise<void>;
  /** Durable when it returns, also where there is nothing to end. */
  readonly endSuspension: (ended: SuspendableName & Pick<Suspension, 'at' | 'principal'>) => Promise<void>;
  /** Those that hold. */
  readonly listSuspensions: () => Promise<readonly Suspension[]>;
  /** Epoch seconds. */
  readonly now: () => number;
  readonly write: WriteLog;
}

type NamedEvent = Pick<APIGatewayProxyEvent, 'body' | 'isBase64Encoded' | 'pathParameters' | 'requestContext'>;

/** The Lambda handler of `GET /admin/suspensions`: 200 with `{suspensions}`, 503. */
export function suspensionsEndpoint({ policy, listSuspensions, write }: SuspensionsEndpoint) {
  const respond = async () => json(200, { suspensions: await listSuspensions() });
  return adminEndpoint<Pick<APIGatewayProxyEvent, 'requestContext'>>({ name: 'suspensions', policy, respond }, write);
}

/** The Lambda handler of `PUT`: 200 with the suspension, and `known: false` for a name the policy does not have; 400, 413, 503. */
export function suspendEndpoint({ policy, recordSuspension, now, write }: SuspensionsEndpoint) {
  const respond = async (event: NamedEvent, principal: string): Promise<APIGatewayProxyResult> => {
    const at = now();
    const suspension = { ...parseSuspension(namedIn(event), bodyText(event), { now: at, policy }), at, principal };
    await recordSuspension(suspension);
    const answer = { ...suspension, ...(!isKnown(suspension, policy) && { known: false }) };
    write('info', 'suspension', answer);
    return json(200, answer);
  };
  return adminEndpoint({ name: 'suspension', policy, respond }, write);
}

/** The Lambda handler of `DELETE`: 204, 400, 503. */
export function resumeEndpoint({ policy, endSuspension, now, write }: SuspensionsEndpoint) {
  const respond = async (event: NamedEvent, principal: string): Promise<APIGatewayProxyResult> => {
    const ended = { ...namedIn(event), at: now(), principal };
    await endSuspension(ended);
    write('info', 'suspension_ended', ended);
    return { statusCode: 204, body: '' };
  };
  return adminEndpoint({ name: 'suspension_ended', policy, respond }, write);
}

function namedIn({ pathParameters }: NamedEvent): SuspendableName {
  return parseSuspendable(pathParameters?.['kind'] ?? '', pathParameters?.['name'] ?? '');
}
