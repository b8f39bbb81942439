// A handler that is made anew when the policy has changed. No I/O of its own.
import type { APIGatewayProxyResult, Context } from 'aws-lambda';
import type { CompiledPolicy } from '../policy/compiled-policy.ts';
import { beginTime } from './deadline.ts';
import { endpoint } from './endpoint.ts';
import { failureLog } from './errors.ts';
import type { WriteLog } from './log.ts';

export type Handler<Event> = (event: Event, context: Context) => Promise<APIGatewayProxyResult>;

/** What of a function there is of each policy. */
export interface Serving<Event> {
  readonly by: (policy: CompiledPolicy) => Handler<Event>;
  /**
   * What answers while there is no policy, as the endpoint answers what it cannot know: what it would refuse by an old one, another
   * might grant.
   */
  readonly without: (unavailable: unknown) => Handler<Event>;
}

export interface PolicyOfTheMoment {
  /** May throw Refused `unavailable`. */
  readonly current: () => Promise<CompiledPolicy>;
  /** Milliseconds since some epoch, as the endpoints have them. */
  readonly clock: () => number;
}

/** The Lambda handler. What it waits for the policy is of the request's own time. */
export function withPolicy<Event extends object>(
  { current, clock }: PolicyOfTheMoment,
  { by, without }: Serving<Event>,
): Handler<Event> {
  let made: { readonly policy: CompiledPolicy; readonly handler: Handler<Event> } | undefined;
  const handlerOfNow = async (): Promise<Handler<Event>> => {
    try {
      const policy = await current();
      if (made?.policy !== policy) made = { policy, handler: by(policy) };
      return made.handler;
    } catch (error) {
      return without(error);
    }
  };
  return async (event, context) => {
    beginTime(event, clock());
    return (await handlerOfNow())(event, context);
  };
}

/** Without a policy, of endpoints that make no decisions. @param name of the log line about it */
export function unavailable<Event>(name: string, write: WriteLog) {
  return (error: unknown): Handler<Event> =>
    endpoint<Event>({ log: failureLog({ name, write }), respond: () => Promise.reject(error) });
}
