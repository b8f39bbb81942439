// What each alarm watches, as CloudWatch evaluates it: metrics, one expression, a threshold. Pure.
import { type Dependency, dimensionsOf, type ErrorClass, type MetricName } from '../../shared/metrics.ts';
import type { AlarmName } from './alarm-catalogue.ts';

/** One metric of an expression, by the letters of its place: `a`, `b`, … */
export interface WatchedMetric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  /** A statistic of CloudWatch: `Sum`, `SampleCount`, `Maximum`, `p95`. */
  readonly stat: string;
}

export interface AlarmDefinition {
  readonly name: AlarmName;
  /** Of an alarm that is made of several, which: all of them have to be in alarm, unless one is enough. */
  readonly part?: string;
  readonly isEnough?: true;
  readonly metrics: readonly WatchedMetric[];
  /** Over the metrics by their letters. */
  readonly expression: string;
  /** It is in alarm at this value or above. */
  readonly threshold: number;
  /** Seconds, of every metric. */
  readonly period: number;
  /** So many of the last periods have to breach; 1 of 1 by default. */
  readonly breaching?: readonly [number, number];
}

/** Names of things that only the template knows. */
export interface WatchedNames {
  /** Of the functions' metrics. */
  readonly namespace: string;
  /** Names of all functions that answer requests, first of those whose requests are decisions. */
  readonly functions: readonly string[];
  /** Of the API, as CloudWatch names it, and its stage. */
  readonly api: { readonly name: string; readonly stage: string };
  /** Of the function that ends sessions of AWS roles, where there is one. */
  readonly sessionRevocations: string | undefined;
  /** Whether tenants may be put at run time. */
  readonly hasTenants: boolean;
  /** Names of those that write, sign and complete the audit trail, the writer first, where there is one. */
  readonly trailFunctions: readonly string[];
  /** Of the EventBridge rules for signatures of others. */
  readonly signatureRules: readonly string[];
}

export interface AlarmLimits {
  /** Requests below which no share of them is told. */
  readonly leastRequests: number;
}

/** The functions whose requests are decisions. */
const decisive = ['cambio-token', 'cambio-introspect', 'cambio-revoke'];

/** Those that read tenants put at run time. */
const ofTenants = [...decisive, 'cambio-events', 'cambio-admin-revocations', 'cambio-suspensions', 'cambio-tenants'];

/** As many metrics as CloudWatch takes for one alarm. */
const mostMetrics = 10;

const minute = 60;
const hour = 3_600;
const day = 86_400;

/** Every alarm of a deployment, those that others are made of included. */
export function alarmDefinitions(names: WatchedNames, { leastRequests }: AlarmLimits): readonly AlarmDefinition[] {
  const own = (name: MetricName, stat: string, more: Finer = {}) => ownMetric(names.namespace, name, stat, more);
  const aws = (namespace: string, name: string, dimensions: Readonly<Record<string, string>>): WatchedMetric => {
    return { namespace, name, dimensions, stat: 'Sum' };
  };
  const ofDecisive = (name: MetricName, stat: string, more: Finer = {}) =>
    decisive.map((service) => own(name, stat, { service, ...more }));
  const crashes = names.functions
    .slice(0, decisive.length)
    .map((FunctionName) => aws('AWS/Lambda', 'Errors', { FunctionName }));
  const faults = (name: AlarmName, period: number, percent: number, part?: string): AlarmDefinition => {
    const [asked, answered] = [ofDecisive('success', 'SampleCount'), ofDecisive('success', 'Sum')];
    // A short window has less in it.
    const least = period < 900 ? Math.ceil(leastRequests / 5) : leastRequests;
    // What crashes, runs out of time or does not start writes no line. Where everything does, nothing is good, which is no datapoint.
    const [all, good] = ['SUM([a, b, c, g, h, i])', 'SUM([d, e, f, 0 * g, 0 * h, 0 * i])'];
    const expression = `IF(${all} >= ${least}, 100 * (${all} - ${good}) / ${all}, 0)`;
    const metrics = [...asked, ...answered, ...crashes];
    return { name, metrics, expression, threshold: percent, period, ...(part && { part }) };
  };
  const throttled = (name: AlarmName, percent: number, period: number, least: number): AlarmDefinition => ({
    name,
    metrics: [
      ...ofDecisive('latency', 'SampleCount'),
      ...ofDecisive('errors', 'Sum', { class: 'throttled' }),
      ...names.functions
        .slice(0, decisive.length)
        .map((FunctionName) => aws('AWS/Lambda', 'Throttles', { FunctionName })),
      gatewayThrottled(names.namespace),
    ],
    // What Lambda or the API throttles never comes to a function’s own count: where they throttle all of it there is none.
    expression: `IF(SUM([a, b, c, g, h, i, j]) >= ${least}, 100 * SUM([d, e, f, g, h, i, j]) / SUM([a, b, c, g, h, i, j]), 0)`,
    threshold: percent,
    period,
  });
  const ofApi = { ApiName: names.api.name, Stage: names.api.stage };
  const sum = (metrics: readonly WatchedMetric[]): Pick<AlarmDefinition, 'metrics' | 'expression'> => {
    return { metrics, expression: `SUM([${metrics.map((_, at) => letter(at)).join(', ')}])` };
  };
  const only = (metric: WatchedMetric) => ({ metrics: [metric], expression: 'a' });
  return [
    faults('errors-day-page', 15 * minute, 9.6),
    faults('errors-day-warn', hour, 1.2),
    faults('errors-burn-14', hour, 1.44, '1h'),
    faults('errors-burn-14', 5 * minute, 1.44, '5m'),
    faults('errors-burn-6', 6 * hour, 0.6, '6h'),
    faults('errors-burn-6', 30 * minute, 0.6, '30m'),
    faults('errors-burn-3', day, 0.3, '1d'),
    faults('errors-burn-3', 2 * hour, 0.3, '2h'),
    ...chunksOf(names.functions, mostMetrics).map((functions, at, { length }) => ({
      name: 'function-errors' as const,
      ...(length > 1 && ({ part: String(at + 1), isEnough: true } as const)),
      ...sum(functions.map((FunctionName) => aws('AWS/Lambda', 'Errors', { FunctionName }))),
      threshold: 5,
      period: 5 * minute,
    })),
    {
      name: 'latency',
      metrics: [
        own('latency', 'SampleCount', { service: 'cambio-token' }),
        own('latency', 'p95', { service: 'cambio-token' }),
      ],
      expression: `IF(a >= ${Math.ceil(leastRequests / 5)}, b, 0)`,
      threshold: 200,
      period: 5 * minute,
      breaching: [3, 3],
    },
    throttled('throttling', 0.1, hour, leastRequests),
    throttled('throttling-page', 10, 5 * minute, Math.ceil(leastRequests / 5)),
    {
      name: 'gateway-errors',
      metrics: [
        { ...aws('AWS/ApiGateway', 'Count', ofApi), stat: 'SampleCount' },
        aws('AWS/ApiGateway', '5XXError', ofApi),
      ],
      // What no function is asked for is in none of their counts.
      expression: `IF(a >= ${Math.ceil(leastRequests / 5)}, 100 * b / a, 0)`,
      threshold: 10,
      period: 5 * minute,
      breaching: [2, 3],
    },
    {
      name: 'dependency-errors',
      ...sum(
        (['kms', 'dynamodb', 'sts'] as const).flatMap((dependency) =>
          ofDecisive('dependency_errors', 'Sum', { dependency }),
        ),
      ),
      threshold: 10,
      period: 5 * minute,
    },
    {
      name: 'issuer-errors',
      ...sum(
        [...decisive, 'cambio-events'].map((service) =>
          own('dependency_errors', 'Sum', { service, dependency: 'issuer' }),
        ),
      ),
      threshold: 3,
      period: 5 * minute,
      breaching: [3, 3],
    },
    {
      name: 'revocation-latency',
      // It holds at the next request, and the probe waits no longer than 20 s for it.
      ...only(own('revocation_latency', 'Maximum', { service: 'cambio-probe' })),
      threshold: 15,
      period: 5 * minute,
    },
    ...(names.sessionRevocations === undefined
      ? []
      : [
          {
            name: 'session-revocations',
            ...only(aws('AWS/Lambda', 'Errors', { FunctionName: names.sessionRevocations })),
            threshold: 1,
            period: minute,
            breaching: [3, 5],
          } as const,
        ]),
    ...trailAlarms(names, { own, aws, sum }),
    {
      name: 'foreign-signature',
      ...sum([
        ...names.signatureRules.map((RuleName) => aws('AWS/Events', 'TriggeredRules', { RuleName })),
        own('foreign_signature', 'Sum', { service: 'cambio-jwks' }),
      ]),
      threshold: 1,
      period: minute,
    },
    { name: 'signature-spike', ...sum(ofDecisive('signature', 'Sum')), threshold: 50, period: 5 * minute },
    {
      name: 'replay-spike',
      ...sum([...ofDecisive('replayed', 'Sum'), ...ofDecisive('binding', 'Sum')]),
      threshold: 20,
      period: 5 * minute,
    },
    {
      name: 'suspension-left-on',
      ...only(own('suspension_age', 'Maximum', { service: 'cambio-suspensions' })),
      threshold: day,
      period: 30 * minute,
    },
    {
      name: 'key-age',
      ...only(own('key_age', 'Maximum', { service: 'cambio-suspensions' })),
      threshold: 365 * day,
      period: 30 * minute,
    },
    {
      name: 'key-rotation',
      ...only(own('rotation_lag', 'Maximum', { service: 'cambio-keys' })),
      threshold: 6 * hour,
      period: hour,
      breaching: [2, 2],
    },
    {
      name: 'keyring-refused',
      ...sum(
        [...decisive, 'cambio-jwks', 'cambio-status-lists', 'cambio-suspensions'].map((service) =>
          own('keyring_refused', 'Sum', { service }),
        ),
      ),
      threshold: 1,
      period: 5 * minute,
    },
    ...(names.hasTenants
      ? ([
          {
            name: 'tenants-refused',
            ...sum(ofTenants.map((service) => own('tenants_refused', 'Sum', { service }))),
            threshold: 1,
            period: 5 * minute,
          },
          {
            name: 'tenants-left-out',
            ...sum(ofTenants.map((service) => own('tenants_left_out', 'Sum', { service }))),
            threshold: 1,
            period: 5 * minute,
          },
        ] as const)
      : []),
    {
      name: 'maintenance-left-on',
      ...only(maintenanceMetric(names.namespace)),
      threshold: 1,
      period: hour,
      breaching: [5, 5],
    },
  ];
}

interface Watching {
  readonly own: (name: MetricName, stat: string, more?: Finer) => WatchedMetric;
  readonly aws: (namespace: string, name: string, dimensions: Readonly<Record<string, string>>) => WatchedMetric;
  readonly sum: (metrics: readonly WatchedMetric[]) => Pick<AlarmDefinition, 'metrics' | 'expression'>;
}

/** None where there is no trail. */
function trailAlarms({ trailFunctions }: WatchedNames, { own, aws, sum }: Watching): readonly AlarmDefinition[] {
  const [writer] = trailFunctions;
  if (writer === undefined) return [];
  const behind = { ...aws('AWS/Lambda', 'IteratorAge', { FunctionName: writer }), stat: 'Maximum' };
  return [
    {
      name: 'audit-lag',
      // A writer that does not start says nothing; what it reads grows old all the same, in milliseconds.
      metrics: [own('audit_lag', 'Maximum', { service: 'cambio-trail-writer' }), behind],
      expression: 'MAX([a, b / 1000])',
      threshold: 300,
      period: 5 * minute,
      breaching: [2, 3],
    },
    {
      name: 'audit-incomplete',
      ...sum([own('audit_missing', 'Sum', { service: 'cambio-trail-sweep' })]),
      threshold: 1,
      period: 5 * minute,
    },
    {
      name: 'audit-errors',
      ...sum(trailFunctions.map((FunctionName) => aws('AWS/Lambda', 'Errors', { FunctionName }))),
      // A schedule is tried three times, by Lambda; a stream until it is gone.
      threshold: 3,
      period: 15 * minute,
    },
    {
      name: 'audit-findings',
      ...sum(['cambio-trail-writer', 'cambio-trail-heads'].map((service) => own('audit_findings', 'Sum', { service }))),
      threshold: 1,
      period: 5 * minute,
    },
  ];
}

/** What the API answered with 429 itself, by its access log: its own metric has all of 4xx in one. */
export function gatewayThrottled(namespace: string): WatchedMetric {
  return { namespace, name: 'gateway_throttled', dimensions: {}, stat: 'Sum' };
}

/** The metric whose datapoints mute what may be muted: whoever works on a deployment puts one an hour. */
export function maintenanceMetric(namespace: string): WatchedMetric {
  return { namespace, name: 'maintenance', dimensions: {}, stat: 'Maximum' };
}

interface Finer {
  readonly service?: string;
  readonly class?: ErrorClass;
  readonly dependency?: Dependency;
}

/** @throws Error where the metric has other dimensions: it would be one that nobody emits */
function ownMetric(namespace: string, name: MetricName, stat: string, finer: Finer): WatchedMetric {
  const dimensions = Object.fromEntries(Object.entries(finer));
  if (Object.keys(dimensions).sort().join() !== [...dimensionsOf(name)].sort().join()) {
    throw new Error(`${name} has the dimensions ${dimensionsOf(name).join(', ')}`);
  }
  return { namespace, name, dimensions, stat };
}

export function chunksOf<Item>(items: readonly Item[], size: number): readonly (readonly Item[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size));
}

/** How an expression calls its metrics: CloudWatch wants a small letter first. */
export function letter(at: number): string {
  return String.fromCharCode('a'.charCodeAt(0) + at);
}
