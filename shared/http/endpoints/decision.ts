// GET /admin/decisions/{decision_id}: one decision, for callers API Gateway has authenticated with IAM. No I/O of its own.
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import type { DecisionRecord } from '../../oauth/decision/decision-record.ts';
import { Refused } from '../../oauth/denial.ts';
import { oauthError } from '../../oauth/oauth-error.ts';
import { json, noStoreHeaders } from '../api-gateway.ts';
import { withDeadline } from '../deadline.ts';
import { decisionDocument } from '../decision-document.ts';
import type { WriteLog } from '../log.ts';

export interface DecisionEndpoint {
  readonly find: (decisionId: string) => Promise<DecisionRecord | undefined>;
  /** Epoch seconds. */
  readonly now: () => number;
  readonly write: WriteLog;
}

/** What `decision_id` looks like; anything else is not looked up. */
const decisionId = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** Milliseconds. */
const deadline = 3_000;

/** The Lambda handler: 200 with the decision, 404 when there is none or no longer, 400 for what is no id, 503. */
export function decisionEndpoint(endpoint: DecisionEndpoint) {
  return async (event: Pick<APIGatewayProxyEvent, 'pathParameters'>): Promise<APIGatewayProxyResult> => {
    const id = event.pathParameters?.['decision_id'] ?? '';
    if (!decisionId.test(id)) return refusal(400, 'decision_id is malformed');
    try {
      const record = await withDeadline(deadline, endpoint.find(id));
      if (!record || record.expiresAt <= endpoint.now()) return refusal(404, 'no such decision');
      return json(200, decisionDocument(record), noStoreHeaders);
    } catch (error) {
      return failure(error, endpoint.write);
    }
  };
}

function refusal(status: number, description: string): APIGatewayProxyResult {
  return json(status, { error: 'invalid_request', error_description: description }, noStoreHeaders);
}

function failure(error: unknown, write: WriteLog): APIGatewayProxyResult {
  const refused = error instanceof Refused;
  write('error', 'decision_unavailable', { cause: error instanceof Error ? error.name : 'unknown' });
  if (!refused) return json(500, { error: 'server_error', error_description: 'internal error' }, noStoreHeaders);
  const { status, error: code, description, headers } = oauthError(error.denial);
  return json(status, { error: code, error_description: description }, { ...headers, ...noStoreHeaders });
}
