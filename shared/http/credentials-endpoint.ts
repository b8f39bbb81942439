// GET /credentials: one exchange for a role, as the AWS SDKs' container credential provider asks for it. No I/O of its own.
import middy, { type MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyResult } from 'aws-lambda';
import type { ExchangeCapabilities } from '../oauth/capabilities.ts';
import { credentialsCall, credentialsError, namedRole } from '../oauth/credentials-request.ts';
import { Refused } from '../oauth/denial.ts';
import { exchange } from '../oauth/exchange.ts';
import { containerDocument } from '../oauth/role-credentials.ts';
import { type AuditedEvent, audit } from './audit.ts';
import { createBudget } from './budget.ts';
import { withDeadline } from './deadline.ts';
import { serverError } from './errors.ts';
import { header } from './headers.ts';
import { json } from './json.ts';
import { noStore } from './no-store.ts';
import { refusals } from './refusals.ts';
import { type TokenEndpointOptions, unverifiedBudget } from './token-endpoint.ts';

/**
 * Milliseconds after which the caller is told to try again. SDKs give up after one second or two, a cold start included,
 * and then make three more attempts.
 */
const requestTime = 850;

/** The Lambda handler of `GET /credentials?role=NAME-OR-ARN`. */
export function credentialsEndpoint(cambio: ExchangeCapabilities, options: TokenEndpointOptions) {
  const { write, newId, clock, budget = createBudget({ ...unverifiedBudget, now: clock }) } = options;
  const { decisionRetention: retention, policy, recordDecision } = cambio;
  const keeping = () => ({ now: cambio.now(), retention, policyHash: policy.hash });
  const ends = new WeakMap<object, number>();
  const timeLeft = (event: object): number => (ends.get(event) ?? 0) - clock();
  return middy<AuditedEvent, APIGatewayProxyResult>()
    .before(({ event }) => void ends.set(event, clock() + requestTime))
    .use(audit({ name: 'aws_credentials', write, newId, keeping }))
    .use(noStore())
    .use(credentialsErrors())
    .use(refusals({ recordDecision, keeping, budget, timeLeft }))
    .handler(async (event) => {
      const roles = event.multiValueQueryStringParameters?.['role'] ?? [];
      const headers = { authorization: header(event, 'authorization'), dpop: header(event, 'dpop') };
      const answer = exchange(credentialsCall({ roles, ...headers }, policy), cambio, event.decision);
      const { access_token } = await withDeadline(timeLeft(event), answer);
      return json(200, containerDocument(access_token, namedRole(roles[0] ?? '', policy)?.arn ?? ''));
    });
}

/** Errors as the SDKs read them: `code` and `message`. */
function credentialsErrors(): MiddlewareObj<AuditedEvent, APIGatewayProxyResult> {
  return {
    onError: (request) => {
      const { error, event } = request;
      const { status, code, message, headers } = error instanceof Refused ? credentialsError(error.denial) : unexpected;
      request.response = json(status, { code, message, decision_id: event.decision.decisionId }, headers);
    },
  };
}

const unexpected = { ...serverError, code: serverError.error, message: serverError.description };
