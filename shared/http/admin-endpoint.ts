// An endpoint for callers API Gateway has authenticated with IAM: its log says who they are. No I/O of its own.
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import type { CompiledPolicy } from '../policy/compiled-policy.ts';
import { endpoint } from './endpoint.ts';
import { failureLog } from './errors.ts';
import { keptPrincipal } from './kept-principal.ts';
import type { WriteLog } from './log.ts';

type IamEvent = Pick<APIGatewayProxyEvent, 'requestContext'>;

export interface AdminEndpoint<Event extends IamEvent> {
  /** Message of the log line about a request that failed, as operators search for it. */
  readonly name: string;
  readonly policy: Pick<CompiledPolicy, 'issuers' | 'clients' | 'rules' | 'audiences' | 'roles'>;
  /** @param principal ARN of the caller, as it is kept */
  readonly respond: (event: Event, principal: string) => Promise<APIGatewayProxyResult>;
}

/** The Lambda handler. */
export function adminEndpoint<Event extends IamEvent>(
  { name, policy, respond }: AdminEndpoint<Event>,
  write: WriteLog,
) {
  const principalOf = ({ requestContext }: IamEvent): string =>
    keptPrincipal(requestContext.identity.userArn ?? 'unknown', policy);
  return endpoint<Event>({
    log: failureLog({ name, write, fieldsOf: (event) => ({ principal: principalOf(event) }) }),
    respond: (event) => respond(event, principalOf(event)),
  });
}
