// Several endpoints in one function: each event goes to the one whose resource it came in on. No I/O.
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';

type Handler<Answer = APIGatewayProxyResult> = (event: never, context: Context) => Promise<Answer>;

/**
 * The Lambda handler that serves the resources of the template by name; a schedule's event has one too, and no answer.
 * @throws Error for a resource nobody serves: the template has a route that the function does not
 */
export function byResource<Answer>(handlers: Readonly<Record<string, Handler<Answer>>>) {
  return (event: APIGatewayProxyEvent, context: Context): Promise<Answer> => {
    const handler = handlers[event.resource];
    if (!handler) throw new Error(`no endpoint serves ${event.resource}`);
    return handler(event as never, context);
  };
}

/**
 * The Lambda handler that serves the methods of one resource by name.
 * @throws Error for a method nobody serves: the template has a route that the function does not
 */
export function byMethod(handlers: Readonly<Record<string, Handler>>) {
  return (event: APIGatewayProxyEvent, context: Context): Promise<APIGatewayProxyResult> => {
    const handler = handlers[event.httpMethod];
    if (!handler) throw new Error(`no endpoint serves ${event.httpMethod} ${event.resource}`);
    return handler(event as never, context);
  };
}
