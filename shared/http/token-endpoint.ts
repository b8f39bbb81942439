// POST /token: the middlewares around one exchange. No I/O of its own.
import middy from '@middy/core';
import type { APIGatewayProxyResult } from 'aws-lambda';
import type { ExchangeCapabilities } from '../oauth/capabilities.ts';
import { exchange } from '../oauth/exchange.ts';
import { type Audit, type AuditedEvent, audit } from './audit.ts';
import { type Budget, createBudget } from './budget.ts';
import { withDeadline } from './deadline.ts';
import { errors } from './errors.ts';
import { type FormEvent, formBody } from './form-body.ts';
import { header } from './headers.ts';
import { json } from './json.ts';
import { noStore } from './no-store.ts';
import { refusals } from './refusals.ts';

type TokenEvent = FormEvent & AuditedEvent;

/** Milliseconds after which the caller is told to try again, whatever is still under way. */
const requestTime = 3_000;

/** Decisions about tokens nobody vouched for that one instance records. */
export const unverifiedBudget = { rate: 50, burst: 200 };

export interface TokenEndpointOptions extends Pick<Audit, 'write' | 'newId'> {
  /** Milliseconds since some epoch. */
  readonly clock: () => number;
  /** For decisions about tokens nobody vouched for: one for all endpoints of an instance. Default: one of its own. */
  readonly budget?: Budget;
}

/** The Lambda handler of `POST /token`. */
export function tokenEndpoint(cambio: ExchangeCapabilities, options: TokenEndpointOptions) {
  const { write, newId, clock, budget = createBudget({ ...unverifiedBudget, now: clock }) } = options;
  const { decisionRetention: retention, policy, recordDecision } = cambio;
  const keeping = () => ({ now: cambio.now(), retention, policyHash: policy.hash });
  const ends = new WeakMap<object, number>();
  const timeLeft = (event: object): number => (ends.get(event) ?? 0) - clock();
  return middy<TokenEvent, APIGatewayProxyResult>()
    .before(({ event }) => void ends.set(event, clock() + requestTime))
    .use(audit({ name: 'token_exchange', write, newId, keeping }))
    .use(noStore())
    .use(errors())
    .use(refusals({ recordDecision, keeping, budget, timeLeft }))
    .use(formBody())
    .handler(async (event) => {
      const headers = { authorization: header(event, 'authorization'), dpop: header(event, 'dpop') };
      const answer = exchange({ form: event.form, headers }, cambio, event.decision);
      return json(200, await withDeadline(timeLeft(event), answer));
    });
}
