// A handler that is made anew when the policy has changed. No I/O of its own.
import type { APIGatewayProxyResult, Context } from 'aws-lambda';
import type { CompiledPolicy } from '../policy/compiled-policy.ts';
import { errorAnswer, failureOf } from './errors.ts';
import type { WriteLog } from './log.ts';

type Handler<Event> = (event: Event, context: Context) => Promise<APIGatewayProxyResult>;

/**
 * The Lambda handler. Without a policy it is unavailable: what it would refuse, another might grant.
 * @param current may throw Refused `unavailable`
 */
export function withPolicy<Event>(
  current: () => Promise<CompiledPolicy>,
  make: (policy: CompiledPolicy) => Handler<Event>,
  write: WriteLog,
): Handler<Event> {
  let made: { readonly policy: CompiledPolicy; readonly handler: Handler<Event> } | undefined;
  return async (event, context) => {
    try {
      const policy = await current();
      if (made?.policy !== policy) made = { policy, handler: make(policy) };
    } catch (error) {
      const { why, error: code } = failureOf(error);
      write('error', 'policy_unavailable', { error: code, ...why }, { success: 0, errors: 1, class: 'fault' });
      const answer = errorAnswer(error);
      return { ...answer, headers: { ...answer.headers, 'Cache-Control': 'no-store', Pragma: 'no-cache' } };
    }
    return made.handler(event, context);
  };
}
