// GET /admin/decisions: the latest decisions, newest first, for callers API Gateway has authenticated with IAM. No I/O of its own.
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import type { DecisionIndex } from '../../config.ts';
import {
  type DecisionsPage,
  type DecisionsQuery,
  type FindListed,
  type ListedDecision,
  type ListPosition,
  latestDecisions,
} from '../../oauth/decision/decision-list.ts';
import { Refused, reasons } from '../../oauth/denial.ts';
import type { CompiledPolicy } from '../../policy/compiled-policy.ts';
import { adminEndpoint } from '../admin-endpoint.ts';
import { json } from '../api-gateway.ts';
import type { WriteLog } from '../log.ts';

export interface DecisionsEndpoint {
  readonly policy: CompiledPolicy;
  readonly index: DecisionIndex;
  readonly find: FindListed;
  /** Epoch seconds. */
  readonly now: () => number;
  /** Milliseconds. */
  readonly clock: () => number;
  readonly write: WriteLog;
}

/** Milliseconds after which the page ends with what was found. */
const readingTime = 1_500;
/** Seconds before `until`, where the caller names no `since`. */
const lookBack = 3_600;
const [defaultLimit, maxLimit] = [50, 500];

type ListEvent = Pick<APIGatewayProxyEvent, 'multiValueQueryStringParameters' | 'requestContext'>;

/** The Lambda handler: 200 with `{decisions, next?}`, 400 naming the parameter, 503. */
export function decisionsEndpoint({ policy, index, find, now, clock, write }: DecisionsEndpoint) {
  const respond = async (event: ListEvent): Promise<APIGatewayProxyResult> => {
    const at = now();
    const query = parseQuery(event.multiValueQueryStringParameters ?? {}, { index, now: at });
    return json(200, pageDocument(await latestDecisions(query, { find, now: at, clock, time: readingTime })));
  };
  return adminEndpoint({ name: 'decisions', policy, respond }, write);
}

function pageDocument({ decisions, next }: DecisionsPage): Readonly<Record<string, unknown>> {
  return {
    decisions: decisions.map(document),
    ...(next && { next: `${next.at}${next.decisionId ? `.${next.decisionId}` : ''}` }),
  };
}

function document({ decisionId, at, outcome, reason }: ListedDecision): Readonly<Record<string, unknown>> {
  return { decision_id: decisionId, at, outcome, reason };
}

const parameters = ['since', 'until', 'outcome', 'reason', 'limit', 'next'] as const;
type Parameter = (typeof parameters)[number];

/** @throws Refused `parameter` */
function parseQuery(
  given: Readonly<Record<string, readonly string[] | undefined>>,
  { index, now }: { readonly index: DecisionIndex; readonly now: number },
): DecisionsQuery {
  const unknown = Object.keys(given).find((name) => !parameters.some((known) => known === name));
  if (unknown !== undefined) throw refused(unknown.slice(0, 64), 'unsupported');
  const read = <Value>(name: Parameter, parse: (text: string) => Value | undefined): Value | undefined => {
    const [text, ...more] = given[name] ?? [];
    if (more.length > 0) throw refused(name, 'repeated');
    if (text === undefined || text === '') return undefined;
    const value = parse(text);
    if (value === undefined) throw refused(name, 'malformed');
    return value;
  };
  const until = read('until', seconds) ?? now;
  const since = read('since', (text) => notAfter(until, seconds(text))) ?? Math.max(0, until - lookBack);
  const outcome = read('outcome', (text) => outcomesOf(index).find((one) => one === text));
  return {
    since,
    until,
    outcomes: outcome ? [outcome] : outcomesOf(index),
    reason: read('reason', (text) => reasons.find((one) => one === text)),
    limit: read('limit', limitOf) ?? defaultLimit,
    after: read('next', position),
  };
}

/** Those that are in the list at all. */
function outcomesOf(index: DecisionIndex) {
  return index === 'all' ? (['granted', 'refused'] as const) : (['refused'] as const);
}

function seconds(text: string): number | undefined {
  return /^\d{1,11}$/.test(text) ? Number(text) : undefined;
}

function notAfter(until: number, since: number | undefined): number | undefined {
  return since !== undefined && since <= until ? since : undefined;
}

function limitOf(text: string): number | undefined {
  const limit = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  return limit > 0 && limit <= maxLimit ? limit : undefined;
}

function position(text: string): ListPosition | undefined {
  const [, at, decisionId] = /^(\d{1,11})(?:\.([0-9a-f-]{36}))?$/.exec(text) ?? [];
  if (at === undefined) return undefined;
  return { at: Number(at), ...(decisionId !== undefined && { decisionId }) };
}

function refused(parameter: string, problem: 'repeated' | 'malformed' | 'unsupported'): Refused {
  return new Refused({ kind: 'parameter', parameter, problem });
}
