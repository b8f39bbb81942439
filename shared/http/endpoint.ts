// What every endpoint is made of, whatever it takes and answers: a line in the log, answers that no cache keeps unless they
// allow it, errors in one form, and a deadline. No I/O of its own.
import middy, { type MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyResult } from 'aws-lambda';
import { noStore } from './api-gateway.ts';
import { requestTime, withinTime } from './deadline.ts';
import { answerErrors, errorAnswer } from './errors.ts';

export interface Endpoint<Event> {
  /** Writes to the log how a request ended. Sees the request first and the answer last. */
  readonly log: MiddlewareObj<Event, APIGatewayProxyResult>;
  /** Makes spans of requests: it sees them after the log has, and the answer before it. */
  readonly trace?: MiddlewareObj<Event, APIGatewayProxyResult> | undefined;
  /** Writes every exception as the endpoint's callers read it; default: in JSON, as OAuth has it. */
  readonly errors?: MiddlewareObj<Event, APIGatewayProxyResult>;
  /** What happens before the response is made, and to an exception before `errors` writes it. */
  readonly middlewares?: MiddlewareObj<Event, APIGatewayProxyResult>[];
  /** Milliseconds left for the response; default {@link requestTime}. */
  readonly timeLeft?: (event: Event) => number;
  /** Called when they are over: a later result is sent to nobody. */
  readonly abandon?: (event: Event) => void;
  readonly respond: (event: Event) => Promise<APIGatewayProxyResult>;
}

/** The Lambda handler. */
export function endpoint<Event>({
  log,
  trace,
  errors = answerErrors((error) => errorAnswer(error)),
  middlewares = [],
  timeLeft = () => requestTime,
  abandon,
  respond,
}: Endpoint<Event>) {
  const answer = (event: Event): Promise<APIGatewayProxyResult> =>
    withinTime(
      timeLeft(event),
      () => respond(event),
      () => abandon?.(event),
    );
  // Without middy's own timer: the deadline is over before Lambda's time is.
  return middy<Event, APIGatewayProxyResult>({ timeoutEarlyInMillis: 0 })
    .use(log)
    .use(trace ?? [])
    .use(noStore<Event>())
    .use(errors)
    .use(middlewares)
    .handler(answer);
}
