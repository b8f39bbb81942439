// An endpoint that makes decisions: each is in the log, and a refusal in the store. No I/O of its own.
import type { MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyResult } from 'aws-lambda';
import type { ExchangeCapabilities } from '../oauth/capabilities.ts';
import { type Audit, type AuditedEvent, audit } from './audit.ts';
import { type Budget, createBudget } from './budget.ts';
import { begunAt } from './deadline.ts';
import { endpoint } from './endpoint.ts';
import { refusals } from './refusals.ts';

/** Decisions about tokens that are not all genuine, as many as one instance records. */
const unverifiedBudget = { rate: 2, burst: 50 };

export interface EndpointOptions extends Pick<Audit, 'write' | 'newId'> {
  /** Milliseconds since some epoch. */
  readonly clock: () => number;
  /** For decisions about tokens that are not all genuine; endpoints of one instance share it. Default: one of its own. */
  readonly budget?: Budget;
  /** Makes spans of requests. */
  readonly trace?: MiddlewareObj<AuditedEvent, APIGatewayProxyResult> | undefined;
  /** Why nothing can be decided now: whatever is asked ends with it. */
  readonly unavailable?: unknown;
}

/** What it takes to keep decisions. */
export type KeepingCapabilities = Pick<ExchangeCapabilities, 'policy' | 'recordDecision' | 'now' | 'decisionRetention'>;

export interface AuditedEndpoint<Event extends AuditedEvent> {
  /** Name of the audit event, as operators search for it. */
  readonly name: string;
  readonly capabilities: KeepingCapabilities;
  /** Milliseconds after which the caller is told to try again, whatever is still under way. */
  readonly requestTime: number;
  /** Writes every exception as the endpoint's callers read it. */
  readonly errors: MiddlewareObj<Event, APIGatewayProxyResult>;
  /** Reads the request. */
  readonly reader?: MiddlewareObj<Event, APIGatewayProxyResult>;
  readonly respond: (event: Event) => Promise<APIGatewayProxyResult>;
}

/** A budget of an instance's own, for the endpoints that share it. */
export function unverifiedDecisions(clock: () => number): Budget {
  return createBudget({ ...unverifiedBudget, clock });
}

/** The Lambda handler. */
export function auditedEndpoint<Event extends AuditedEvent>(
  { name, capabilities, requestTime, errors, reader, respond }: AuditedEndpoint<Event>,
  { write, newId, clock, budget = unverifiedDecisions(clock), trace, unavailable }: EndpointOptions,
) {
  const { decisionRetention: retention, policy, recordDecision, now } = capabilities;
  const keeping = () => ({ now: now(), retention, policyHash: policy.hash });
  const ends = new WeakMap<object, number>();
  const timeLeft = (event: object): number => (ends.get(event) ?? 0) - clock();
  const started: MiddlewareObj<Event, APIGatewayProxyResult> = {
    before: ({ event }) => void ends.set(event, (begunAt(event) ?? clock()) + requestTime),
  };
  return endpoint<Event>({
    log: audit({ name, write, newId, keeping, clock }),
    trace,
    errors,
    middlewares: [started, refusals({ recordDecision, keeping, budget, timeLeft }), ...(reader ? [reader] : [])],
    timeLeft,
    abandon: ({ decision }) => {
      decision.abandoned = true;
    },
    respond: unavailable === undefined ? respond : () => Promise.reject(unavailable),
  });
}
