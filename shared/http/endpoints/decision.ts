// GET /admin/decisions/{decision_id}: one decision, for callers API Gateway has authenticated with IAM. No I/O of its own.
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import type { DecisionRecord } from '../../oauth/decision/decision-record.ts';
import type { CompiledPolicy } from '../../policy/compiled-policy.ts';
import { adminEndpoint } from '../admin-endpoint.ts';
import { json } from '../api-gateway.ts';
import { decisionDocument } from '../decision-document.ts';
import type { WriteLog } from '../log.ts';

export interface DecisionEndpoint {
  readonly policy: CompiledPolicy;
  readonly find: (decisionId: string) => Promise<DecisionRecord | undefined>;
  /** Epoch seconds. */
  readonly now: () => number;
  readonly write: WriteLog;
}

/** What `decision_id` looks like; anything else is not looked up. */
const decisionId = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

type DecisionEvent = Pick<APIGatewayProxyEvent, 'pathParameters' | 'requestContext'>;

/** The Lambda handler: 200 with the decision, 404 when there is none or no longer, 400 for what is no id, 503. */
export function decisionEndpoint({ policy, find, now, write }: DecisionEndpoint) {
  const respond = async ({ pathParameters }: DecisionEvent): Promise<APIGatewayProxyResult> => {
    const id = pathParameters?.['decision_id'] ?? '';
    if (!decisionId.test(id)) return refusal(400, 'decision_id is malformed');
    const record = await find(id);
    if (!record || record.expiresAt <= now()) return refusal(404, 'no such decision');
    return json(200, decisionDocument(record));
  };
  return adminEndpoint({ name: 'decision_unavailable', policy, respond }, write);
}

function refusal(status: number, description: string): APIGatewayProxyResult {
  return json(status, { error: 'invalid_request', error_description: description });
}
