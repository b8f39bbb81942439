// An endpoint that takes a form and answers JSON: the middlewares around one decision. No I/O of its own.
import middy from '@middy/core';
import type { APIGatewayProxyResult } from 'aws-lambda';
import type { ExchangeCapabilities, TokenCall } from '../oauth/capabilities.ts';
import type { DecisionFacts } from '../oauth/decision.ts';
import { type Audit, type AuditedEvent, audit } from './audit.ts';
import { createBudget } from './budget.ts';
import { withDeadline } from './deadline.ts';
import { errors } from './errors.ts';
import { type FormEvent, formBody } from './form-body.ts';
import { header } from './headers.ts';
import { noStore } from './no-store.ts';
import { refusals } from './refusals.ts';

export type FormEndpointEvent = FormEvent & AuditedEvent;

/** Milliseconds after which the caller is told to try again, whatever is still under way. */
const requestTime = 3_000;

/** Decisions about tokens nobody vouched for that one instance records. */
const unverifiedBudget = { rate: 50, burst: 200 };

export interface EndpointOptions extends Pick<Audit, 'write' | 'newId'> {
  /** Milliseconds since some epoch. */
  readonly clock: () => number;
}

/** What it takes to keep decisions. */
export type KeepingCapabilities = Pick<ExchangeCapabilities, 'policy' | 'recordDecision' | 'now' | 'decisionRetention'>;

export interface FormEndpoint extends EndpointOptions {
  /** Name of the audit event, as operators search for it. */
  readonly name: string;
  readonly cambio: KeepingCapabilities;
  readonly respond: (
    call: TokenCall,
    decision: DecisionFacts,
    event: FormEndpointEvent,
  ) => Promise<APIGatewayProxyResult>;
}

/** The Lambda handler. */
export function formEndpoint({ name, cambio, respond, write, newId, clock }: FormEndpoint) {
  const { decisionRetention: retention, policy, recordDecision } = cambio;
  const keeping = () => ({ now: cambio.now(), retention, policyHash: policy.hash });
  const ends = new WeakMap<object, number>();
  const timeLeft = (event: object): number => (ends.get(event) ?? 0) - clock();
  const budget = createBudget({ ...unverifiedBudget, now: clock });
  return middy<FormEndpointEvent, APIGatewayProxyResult>()
    .before(({ event }) => void ends.set(event, clock() + requestTime))
    .use(audit({ name, write, newId, keeping }))
    .use(noStore())
    .use(errors())
    .use(refusals({ recordDecision, keeping, budget, timeLeft }))
    .use(formBody())
    .handler(async (event) => {
      const headers = { authorization: header(event, 'authorization'), dpop: header(event, 'dpop') };
      return withDeadline(timeLeft(event), respond({ form: event.form, headers }, event.decision, event));
    });
}
