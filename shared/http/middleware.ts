// What runs around the response of an endpoint: in order before it, the other way round after it. @middy/core does this in 3 KB,
// with a timer and an AbortController of its own for every request; the deadline of ours is in `endpoint.ts`. No I/O of its own.
import type { APIGatewayProxyResult, Context } from 'aws-lambda';

/** A request under way. */
export interface UnderWay<Event> {
  readonly event: Event;
  response: APIGatewayProxyResult | undefined;
  /** What was thrown. */
  error: unknown;
}

type Step<Event> = (request: UnderWay<Event>) => void | Promise<void>;

export interface Middleware<Event> {
  readonly before?: Step<Event>;
  readonly after?: Step<Event>;
  /** Whatever was thrown, also by `after`; it may put another `error` in its place, or a `response`. */
  readonly onError?: Step<Event>;
}

export type LambdaHandler<Event> = (event: Event, context: Context) => Promise<APIGatewayProxyResult>;

/**
 * The Lambda handler.
 * @param middlewares the outermost first
 * @throws what was thrown, where no middleware made a response of it
 */
export function around<Event>(
  middlewares: readonly Middleware<Event>[],
  respond: (event: Event) => Promise<APIGatewayProxyResult>,
): LambdaHandler<Event> {
  const inwards = middlewares.flatMap(({ before }) => before ?? []);
  const outwards = middlewares.toReversed();
  const [after, onError] = [outwards.flatMap((one) => one.after ?? []), outwards.flatMap((one) => one.onError ?? [])];
  return async (event) => {
    const request: UnderWay<Event> = { event, response: undefined, error: undefined };
    try {
      await inTurn(inwards, request);
      request.response = await respond(event);
      await inTurn(after, request);
    } catch (error) {
      request.response = undefined;
      request.error = error;
      await inTurn(onError, request);
    }
    if (request.response === undefined) throw request.error;
    return request.response;
  };
}

/** One after the other; most wait for nothing. */
async function inTurn<Event>(steps: readonly Step<Event>[], request: UnderWay<Event>): Promise<void> {
  for (const step of steps) {
    const waiting = step(request);
    if (waiting) await waiting;
  }
}
