// An endpoint that takes a form (RFC 6749 §3.2). No I/O of its own.
import type { APIGatewayProxyResult } from 'aws-lambda';
import type { DecisionFacts } from '../oauth/decision/decision.ts';
import type { TokenCall } from '../oauth/request/client-credentials.ts';
import { connectionOf, header } from './api-gateway.ts';
import type { AuditedEvent } from './audit.ts';
import { auditedEndpoint, type EndpointOptions, type KeepingCapabilities } from './audited-endpoint.ts';
import { requestTime } from './deadline.ts';
import { answerErrors, errorAnswer } from './errors.ts';
import { type FormEvent, formBody } from './form-body.ts';

type FormEndpointEvent = FormEvent & AuditedEvent;

export interface FormEndpoint {
  readonly name: string;
  readonly capabilities: KeepingCapabilities;
  readonly respond: (
    call: TokenCall,
    decision: DecisionFacts,
    event: FormEndpointEvent,
  ) => Promise<APIGatewayProxyResult>;
}

/** The Lambda handler. */
export function formEndpoint({ name, capabilities, respond }: FormEndpoint, options: EndpointOptions) {
  const answer = (event: FormEndpointEvent): Promise<APIGatewayProxyResult> => {
    const headers = { authorization: header(event, 'authorization'), dpop: header(event, 'dpop') };
    const call = { form: event.form, headers, ...connectionOf(event) };
    return respond(call, event.decision, event);
  };
  const errors = answerErrors<FormEndpointEvent>((error, { decision }) => errorAnswer(error, decision.decisionId));
  const endpoint = { name, capabilities, requestTime, errors, reader: formBody(), respond: answer };
  return auditedEndpoint<FormEndpointEvent>(endpoint, options);
}
