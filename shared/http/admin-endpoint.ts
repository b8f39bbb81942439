// An endpoint for callers API Gateway has authenticated with IAM: its log says who they are. No I/O of its own.
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { endpoint } from './endpoint.ts';
import { failureLog } from './errors.ts';
import type { WriteLog } from './log.ts';

type IamEvent = Pick<APIGatewayProxyEvent, 'requestContext'>;

export interface AdminEndpoint<Event extends IamEvent> {
  /** Message of the log line about a request that failed, as operators search for it. */
  readonly name: string;
  /** @param principal ARN of the caller */
  readonly respond: (event: Event, principal: string) => Promise<APIGatewayProxyResult>;
}

/** The Lambda handler. */
export function adminEndpoint<Event extends IamEvent>({ name, respond }: AdminEndpoint<Event>, write: WriteLog) {
  return endpoint<Event>({
    log: failureLog({ name, write, fieldsOf: (event) => ({ principal: principalOf(event) }) }),
    respond: (event) => respond(event, principalOf(event)),
  });
}

function principalOf({ requestContext }: IamEvent): string {
  return requestContext.identity.userArn ?? 'unknown';
}
