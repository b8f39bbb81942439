// A simulated deployment: log lines by the functions' own log and its clock, and what AWS counts beside them, over the hours of an
// incident.

import type { Datapoint } from '../../../infra/local/metrics/datapoint.ts';
import { embeddedDatapoints } from '../../../infra/local/metrics/embedded-metrics.ts';
import { failureOf, measuredFailure } from '../../../shared/http/errors.ts';
import { createLog } from '../../../shared/http/log.ts';
import { suspicious } from '../../../shared/http/meter.ts';
import type { Measured } from '../../../shared/metrics.ts';
import { type Denial, Refused } from '../../../shared/oauth/denial.ts';
import { artifact, templateOf } from '../synthesized.ts';
import { type Alarm, evaluateAlarm, evaluateRule, type State } from './cloudwatch.ts';

type Json = Readonly<Record<string, unknown>>;
interface Resource {
  readonly Type: string;
  readonly Properties: Json;
}

/** With a revocable role, so that there is the function that ends its sessions, and with tenants that are put at run time. */
const role = {
  name: 'deploy',
  via: 'assume-role',
  arn: 'arn:aws:iam::111122223333:role/deploy',
  revocable: true,
} as const;
const roles = { deploy: { ...role, ttl: 3_600, maxTtl: 3_600 } };
const tenants = { source: 'table', exports: [], exported: {} } as const;
const policy = { artifact: { ...artifact, roles, tenants }, values: {} };
const { Resources: resources } = templateOf({ policy, alarms: {} }).toJSON() as { Resources: Record<string, Resource> };

/** The template's resources of a type, references resolved: each stands for its name, or its logical id. */
export function resolvedOf<Properties = Json>(type: string): Properties[] {
  const found = Object.values(resources).filter(({ Type }) => Type === type);
  return found.map(({ Properties: properties }) => resolve(properties) as Properties);
}

function resolve(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(resolve);
  if (typeof value !== 'object' || value === null) return value;
  const { Ref: id, 'Fn::Join': joined } = value as { Ref?: string; 'Fn::Join'?: [string, unknown[]] };
  if (id !== undefined) return resources[id]?.Properties['AlarmName'] ?? id;
  if (joined) return joined[1].map(resolve).join(joined[0]);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, resolve(each)]));
}

/** The logical id of what has this in it. */
export function idOf(part: string, type: string): string {
  const [id] = Object.entries(resources).find(([name, { Type }]) => name.includes(part) && Type === type) ?? [];
  if (id === undefined) throw new Error(`no ${part}`);
  return id;
}

/** Those of the construct's own: of a new version's there is one each, which a rollout watches. */
export const alarms = resolvedOf<Alarm>('AWS::CloudWatch::Alarm').filter(({ AlarmName: name }) => name);
export const composites = resolvedOf<{ AlarmName: string; AlarmRule: string }>('AWS::CloudWatch::CompositeAlarm');
/** Of the functions. */
const [{ METRICS_NAMESPACE: namespace = '' } = {}] = resolvedOf<{
  Environment?: { Variables: Record<string, string> };
}>('AWS::Lambda::Function').flatMap(({ Environment: environment }) =>
  environment?.Variables['METRICS_NAMESPACE'] ? [environment.Variables] : [],
);

export const prefix = namespace.replace('Cambio/', '');

const start = 1_795_000_000_000;
const minuteMs = 60_000;

/** Minutes of the simulation, from its start. */
interface Span {
  readonly from: number;
  readonly to: number;
}

interface Published extends Span {
  readonly rate?: number;
  readonly value?: number;
}

export interface Traffic extends Span {
  readonly function?: string;
  /** Requests a minute. */
  readonly rate?: number;
  /** One request in so many ends like this. */
  readonly every?: number;
  readonly as?: Denial;
  /** Milliseconds of each request. */
  readonly latency?: number;
}

export class Deployment {
  readonly points: Datapoint[] = [];
  private now = start;
  private readonly logs = new Map<string, ReturnType<typeof createLog>>();

  /** A line of a function's log, at a minute. */
  line(service: string, minute: number, measured: Measured): void {
    this.now = start + minute * minuteMs;
    const log = this.logs.get(service) ?? this.logOf(service);
    this.logs.set(service, log);
    log('info', 'simulated', {}, measured);
  }

  requests({ from, to, function: name = 'token', rate = 4, every = 0, as, latency = 50 }: Traffic): void {
    for (let count = 0; count < (to - from) * rate; count += 1) {
      const ends = as && count % every === 0 ? measuredFailure(failureOf(new Refused(as))) : { success: 1 };
      this.line(name, from + count / rate, { latency, ...ends });
    }
  }

  /** What a service of AWS publishes, each minute so often. */
  published(serviceNamespace: string, name: string, dimensions: Readonly<Record<string, string>>, at: Published): void {
    const { from, to, rate = 1, value = 2 } = at;
    for (let count = 0; count < (to - from) * rate; count += 1) {
      const timestamp = start + (from + count / rate) * minuteMs;
      this.points.push({ namespace: serviceNamespace, name, dimensions, unit: 'Count', value, timestamp });
    }
  }

  /** Requests at the API, all of which end as 5xx, or none: API Gateway counts each as 1 or 0. */
  gateway(failing: 0 | 1, at: Span): void {
    const dimensions = { ApiName: prefix, Stage: 'live' };
    this.published('AWS/ApiGateway', 'Count', dimensions, { ...at, rate: 4, value: 1 });
    this.published('AWS/ApiGateway', '5XXError', dimensions, { ...at, rate: 4, value: failing });
  }

  /** Names of everything in alarm at the end of a minute, without the deployment's own prefix. */
  inAlarm(minute: number): string[] {
    const now = start + minute * minuteMs;
    const states = new Map<string, State>(
      alarms.map((alarm) => [alarm.AlarmName, evaluateAlarm(alarm, this.points, now)]),
    );
    // In the order of the template each is made after those that it is made of.
    for (const { AlarmName: name, AlarmRule: rule } of composites) states.set(name, evaluateRule(rule, states));
    return [...states].flatMap(([name, state]) => (state === 'ALARM' ? [name.slice(prefix.length + 1)] : [])).sort();
  }

  private logOf(name: string) {
    const print = (line: string): void => void this.points.push(...embeddedDatapoints(line));
    return createLog({ name, clock: () => this.now, traceHeader: () => undefined, namespace, print });
  }
}

/** What the functions count of a token that was refused for a reason, as in their own lines. */
export function refusedToken(reason: 'signature' | 'replayed' | 'binding'): Denial {
  if (!suspicious(reason)[reason]) throw new Error(`${reason} is not counted`);
  return { kind: 'token', parameter: 'subject_token', reason, detail: '' };
}
