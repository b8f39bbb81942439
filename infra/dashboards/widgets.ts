// What the three dashboards show: for whoever answers for the service, whoever is called, and whoever looks for a cause. Pure.

import { dependencies, dimensionsOf, errorClasses, type MetricName } from '../../shared/metrics.ts';
import { gatewayThrottled } from '../alarms/alarm-definitions.ts';

export interface DashboardNames {
  /** Of the functions' metrics. */
  readonly namespace: string;
  readonly region: string;
  /** Of all functions that answer requests, first of those that decide. */
  readonly functions: readonly string[];
  /** Log groups of the functions that decide. */
  readonly logGroups: readonly string[];
}

export type Widget = Readonly<Record<string, unknown>>;

const decisive = ['cambio-token', 'cambio-introspect', 'cambio-revoke'];

/** @returns widgets by the name of their dashboard */
export function dashboardWidgets(names: DashboardNames): Readonly<Record<'executive' | 'on-call' | 'debug', Widget[]>> {
  const { namespace, region, functions, logGroups } = names;
  const deciding = functions.slice(0, decisive.length);
  const series = (name: MetricName, values: readonly string[], more: Widget) => {
    const dimensions = dimensionsOf(name).flatMap((dimension, at) => [dimension, values[at] ?? '']);
    return [namespace, name, ...dimensions, more];
  };
  const chart = (title: string, metrics: readonly unknown[], period = 300): Widget => {
    return { type: 'metric', width: 8, height: 6, properties: { title, region, view: 'timeSeries', period, metrics } };
  };
  const query = (title: string, text: string): Widget => {
    const sources = logGroups.map((group) => `SOURCE '${group}'`).join(' | ');
    return {
      type: 'log',
      width: 12,
      height: 6,
      properties: { title, region, view: 'table', query: `${sources} | ${text}` },
    };
  };
  const lambda = (name: 'Errors' | 'Throttles', functionName: string, more: Widget = {}) => {
    return ['AWS/Lambda', name, 'FunctionName', functionName, { stat: 'Sum', ...more }];
  };
  const each = (name: MetricName, stat: string) => decisive.map((service) => series(name, [service], { stat }));
  const percentiles = (name: MetricName, stats: readonly string[]) =>
    stats.map((stat) => series(name, ['cambio-token'], { stat, label: `${name} ${stat}` }));
  const asked = decisive.flatMap((service, at) => [
    series('success', [service], { id: `n${at}`, stat: 'SampleCount', visible: false }),
    series('success', [service], { id: `s${at}`, stat: 'Sum', visible: false }),
  ]);
  // What crashes writes no line.
  asked.push(...deciding.map((name, at) => lambda('Errors', name, { id: `c${at}`, visible: false })));
  const [all, good] = ['SUM([n0, n1, n2, c0, c1, c2])', 'SUM([s0, s1, s2, 0 * c0, 0 * c1, 0 * c2])'];
  return {
    executive: [
      chart('Success, %', [[{ expression: `100 * ${good} / ${all}`, label: 'success' }], ...asked]),
      chart(
        'Budget burn: 1 is as fast as 30 days allow',
        [[{ expression: `1000 * (${all} - ${good}) / ${all}`, label: 'burn' }], ...asked],
        3_600,
      ),
      chart('Exchanges, ms', percentiles('latency', ['p50', 'p95'])),
      chart('Tokens and sessions issued, per hour', [series('success', ['cambio-token'], { stat: 'Sum' })], 3_600),
      chart('Audit trail: lag, s, and decisions missing', [
        series('audit_lag', ['cambio-trail-writer'], { stat: 'Maximum' }),
        series('audit_missing', ['cambio-trail-sweep'], { stat: 'Sum' }),
      ]),
    ],
    'on-call': [
      chart(
        'Faults by endpoint',
        decisive.map((service) => series('errors', [service, 'fault'], { stat: 'Sum' })),
      ),
      chart(
        'Crashes and time-outs by function',
        functions.map((name) => lambda('Errors', name)),
      ),
      chart('Latency of exchanges, ms', percentiles('latency', ['p50', 'p75', 'p90', 'p95', 'p99'])),
      chart('Throttled: by functions, by Lambda, and by the API itself', [
        ...decisive.map((service) => series('errors', [service, 'throttled'], { stat: 'Sum' })),
        ...deciding.map((name) => lambda('Throttles', name)),
        [namespace, gatewayThrottled(namespace).name, { stat: 'Sum' }],
      ]),
      chart(
        'Failures by dependency',
        dependencies.map((name) => series('dependency_errors', ['cambio-token', name], { stat: 'Sum' })),
      ),
      chart('Wrong signatures, used tokens, bound ones without their key', [
        ...each('signature', 'Sum'),
        ...each('replayed', 'Sum'),
        ...each('binding', 'Sum'),
      ]),
      chart('A revocation holds after, s', [series('revocation_latency', ['cambio-probe'], { stat: 'Maximum' })]),
      query(
        'Recent revocations by their holders',
        'filter message = "revocation" | fields @timestamp, event.decision_id, event.outcome, event.reason | sort @timestamp desc | limit 20',
      ),
    ],
    debug: [
      chart(
        'Phases, p95 in ms',
        (['verify', 'policy', 'admit', 'mint', 'record'] as const).map((name) =>
          series(name, ['cambio-token'], { stat: 'p95' }),
        ),
      ),
      chart(
        'Errors of exchanges by class',
        errorClasses.map((name) => series('errors', ['cambio-token', name], { stat: 'Sum' })),
      ),
      chart('Cold starts', each('cold_starts', 'Sum')),
      query(
        'Slow exchanges and their traces',
        'filter latency > 200 | fields @timestamp, latency, xray_trace_id, event.decision_id | sort latency desc | limit 20',
      ),
      query(
        'Refusals by reason',
        'filter event.outcome = "refused" | stats count(*) by event.reason, event.subject.issuer',
      ),
      query(
        'Keys and signatures that failed',
        'filter event.reason in ["key", "signature", "algorithm"] | fields @timestamp, event.decision_id, event.reason, event.subject.issuer | limit 20',
      ),
      query(
        'Claims that a rule was tried with',
        'filter event.outcome = "refused" | fields @timestamp, event.decision_id, event.rule, event.rules.0.conditions.0.name, event.rules.0.conditions.0.got | limit 20',
      ),
      query(
        'Samples: no token is in the log, and private claims are hashes',
        'fields @timestamp, message, event.decision_id, event.outcome, event.rule, event.reason | limit 20',
      ),
    ],
  };
}
