// GET /credentials: one exchange for a role, as the AWS SDKs' container credential provider asks for it. No I/O of its own.
import type { APIGatewayProxyResult } from 'aws-lambda';
import type { ExchangeCapabilities } from '../../oauth/capabilities.ts';
import { Refused } from '../../oauth/denial.ts';
import { exchange } from '../../oauth/exchange.ts';
import { credentialsCall, credentialsError, namedRole } from '../../oauth/role-session/credentials-request.ts';
import { containerDocument } from '../../oauth/role-session/role-credentials.ts';
import { connectionOf, header, json } from '../api-gateway.ts';
import type { AuditedEvent } from '../audit.ts';
import { auditedEndpoint, type EndpointOptions } from '../audited-endpoint.ts';
import { answerErrors, serverError } from '../errors.ts';
import { nextNonce } from './token.ts';

/**
 * Milliseconds after which the caller is told to try again. SDKs give up after one second or two, a cold start included,
 * and then make three more attempts.
 */
const requestTime = 850;

/** The Lambda handler of `GET /credentials?role=NAME-OR-ARN`. */
export function credentialsEndpoint(capabilities: ExchangeCapabilities, options: EndpointOptions) {
  const { policy } = capabilities;
  const respond = async (event: AuditedEvent): Promise<APIGatewayProxyResult> => {
    const roles = event.multiValueQueryStringParameters?.['role'] ?? [];
    const headers = { authorization: header(event, 'authorization'), dpop: header(event, 'dpop') };
    const call = { ...credentialsCall({ roles, ...headers }, policy), ...connectionOf(event) };
    const { access_token } = await exchange(call, capabilities, event.decision);
    const document = containerDocument(access_token, namedRole(roles[0] ?? '', policy)?.arn ?? '');
    return json(200, document, await nextNonce(headers, capabilities));
  };
  const endpoint = { name: 'aws_credentials', capabilities, requestTime, errors, respond };
  return auditedEndpoint<AuditedEvent>(endpoint, options);
}

/** Errors as the SDKs read them: `code` and `message`. */
const errors = answerErrors<AuditedEvent>((error, { decision }) => {
  const { status, code, message, headers } = error instanceof Refused ? credentialsError(error.denial) : unexpected;
  return json(status, { code, message, decision_id: decision.decisionId }, headers);
});

const unexpected = { ...serverError, code: serverError.error, message: serverError.description };
