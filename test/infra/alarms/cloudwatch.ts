// Evaluates alarms as CloudWatch documents it: statistics of a sliding window, metric math, M of N, missing data, composites.
// Only what the alarms of the template use; anything else throws.
import type { Datapoint } from '../../../infra/local/metrics/datapoint.ts';

export type State = 'OK' | 'ALARM';

type Json = Readonly<Record<string, unknown>>;

interface MetricStat {
  readonly Stat: string;
  readonly Period: number;
  readonly Metric: {
    readonly Namespace: string;
    readonly MetricName: string;
    readonly Dimensions?: readonly { readonly Name: string; readonly Value: unknown }[];
  };
}

interface Query {
  readonly Id: string;
  readonly Expression?: string;
  readonly MetricStat?: MetricStat;
  readonly ReturnData?: boolean;
}

/** Properties of an `AWS::CloudWatch::Alarm` with the references in it resolved. */
export interface Alarm {
  readonly AlarmName: string;
  readonly Metrics?: readonly Query[];
  readonly Threshold: number;
  readonly ComparisonOperator: string;
  readonly EvaluationPeriods: number;
  readonly DatapointsToAlarm?: number;
  readonly TreatMissingData: string;
}

/** A value, or nothing where there is no datapoint. */
type Value = number | undefined;

/** @param now milliseconds since the epoch: the end of the last period */
export function evaluateAlarm(alarm: Alarm, points: readonly Datapoint[], now: number): State {
  const { EvaluationPeriods: all, DatapointsToAlarm: some = all, Threshold: threshold } = alarm;
  const breaches = comparisons[alarm.ComparisonOperator];
  if (!breaches) throw new Error(alarm.ComparisonOperator);
  if (alarm.TreatMissingData !== 'notBreaching') throw new Error(alarm.TreatMissingData);
  const queries = alarm.Metrics ?? [simpleQuery(alarm as unknown as Json)];
  const inputs = queries.filter(({ MetricStat: stat }) => stat);
  checkLimits(alarm, inputs);
  const values = Array.from({ length: all }, (_, back) => valueAt(queries, points, { now, back }));
  return values.filter((value) => value !== undefined && breaches(value, threshold)).length >= some ? 'ALARM' : 'OK';
}

const comparisons: Readonly<Record<string, (value: number, threshold: number) => boolean>> = {
  GreaterThanOrEqualToThreshold: (value, threshold) => value >= threshold,
  GreaterThanThreshold: (value, threshold) => value > threshold,
};

/** Evaluates `ALARM("name")` with AND, OR, NOT and brackets. */
export function evaluateRule(rule: string, states: ReadonlyMap<string, State>): State {
  const text = rule.replaceAll(/ALARM\("([^"]+)"\)/g, (_, name: string) => {
    const state = states.get(name);
    if (!state) throw new Error(`no alarm ${name}`);
    return state === 'ALARM' ? '1' : '0';
  });
  return parse(text.replaceAll('AND', '&').replaceAll('OR', '|').replaceAll('NOT', '!'))(() => undefined)
    ? 'ALARM'
    : 'OK';
}

/** @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html */
function checkLimits({ AlarmName: name, EvaluationPeriods: periods }: Alarm, inputs: readonly Query[]): void {
  const lengths = new Set(inputs.map(({ MetricStat: stat }) => stat?.Period ?? 0));
  const [period = 0] = lengths;
  const longest = period < 3_600 ? 86_400 : 604_800;
  if (inputs.length > 10 || lengths.size !== 1 || period % 60 !== 0 || periods * period > longest) {
    throw new Error(`CloudWatch does not take ${name}`);
  }
}

function simpleQuery({ MetricName, Namespace, Dimensions, Statistic, Period }: Json): Query {
  const metric = { MetricName, Namespace, Dimensions } as MetricStat['Metric'];
  return { Id: 'a', ReturnData: true, MetricStat: { Stat: String(Statistic), Period: Number(Period), Metric: metric } };
}

interface Window {
  readonly now: number;
  /** Periods before the last. */
  readonly back: number;
}

function valueAt(queries: readonly Query[], points: readonly Datapoint[], window: Window): Value {
  const find = (id: string): Value => {
    const query = queries.find(({ Id }) => Id === id);
    if (query?.MetricStat) return statistic(query.MetricStat, points, window);
    if (query?.Expression === undefined) throw new Error(`no metric ${id}`);
    return number(parse(query.Expression)(find));
  };
  const returned = queries.filter(({ ReturnData: returns }) => returns !== false);
  if (returned.length !== 1) throw new Error('an alarm watches one value');
  return find(returned[0]?.Id ?? '');
}

function statistic(
  { Stat: stat, Period: period, Metric: metric }: MetricStat,
  points: readonly Datapoint[],
  window: Window,
) {
  const end = window.now - window.back * period * 1_000;
  const wanted = new Map((metric.Dimensions ?? []).map(({ Name, Value }) => [Name, String(Value)]));
  const values = points
    .filter(({ timestamp }) => timestamp >= end - period * 1_000 && timestamp < end)
    .filter(({ namespace, name }) => namespace === metric.Namespace && name === metric.MetricName)
    .filter(({ dimensions }) => {
      const given = Object.entries(dimensions);
      return given.length === wanted.size && given.every(([name, value]) => wanted.get(name) === value);
    })
    .map(({ value }) => value);
  if (values.length === 0) return undefined;
  if (stat === 'Sum') return values.reduce((sum, value) => sum + value, 0);
  if (stat === 'SampleCount') return values.length;
  if (stat === 'Maximum') return Math.max(...values);
  const percentile = /^p(\d+)$/.exec(stat)?.[1];
  if (percentile === undefined) throw new Error(stat);
  const sorted = values.sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((Number(percentile) / 100) * sorted.length) - 1)];
}

type Operand = Value | readonly Value[];
type Expression = (find: (id: string) => Value) => Operand;

function number(value: Operand): Value {
  if (Array.isArray(value)) throw new Error('a list where a value belongs');
  return value as Value;
}

/** Of arithmetic a missing operand makes a missing value; of SUM over a list what is missing is left out. */
const functions: Readonly<Record<string, (values: readonly Operand[]) => Value>> = {
  SUM: ([list]) => {
    const there = (list as readonly Value[]).filter((value) => value !== undefined);
    return there.length > 0 ? there.reduce((sum: number, value) => sum + (value ?? 0), 0) : undefined;
  },
  MAX: ([list]) => {
    const there = (list as readonly Value[]).filter((value) => value !== undefined);
    return there.length > 0 ? Math.max(...there) : undefined;
  },
  IF: ([condition, yes, no]) => (condition === undefined ? undefined : number(condition ? yes : no)),
};

const operators: readonly (readonly [RegExp, (a: number, b: number) => number])[][] = [
  [[/^\|/, (a, b) => a || b]],
  [[/^&/, (a, b) => a && b]],
  [
    [/^>=/, (a, b) => Number(a >= b)],
    [/^>/, (a, b) => Number(a > b)],
  ],
  [
    [/^\+/, (a, b) => a + b],
    [/^-/, (a, b) => a - b],
  ],
  [
    [/^\*/, (a, b) => a * b],
    [/^\//, (a, b) => a / b],
  ],
];

function parse(text: string): Expression {
  let rest = text.trim();
  const take = (pattern: RegExp): string | undefined => {
    const [found] = pattern.exec(rest) ?? [];
    if (found !== undefined) rest = rest.slice(found.length).trimStart();
    return found;
  };
  const list = (end: RegExp): readonly Expression[] => {
    const items: Expression[] = [];
    while (!take(end)) {
      items.push(level(0));
      take(/^,/);
    }
    return items;
  };
  const atom = (): Expression => {
    if (take(/^!/)) {
      const negated = atom();
      return (find) => (number(negated(find)) ? 0 : 1);
    }
    if (take(/^\(/)) {
      const inner = level(0);
      if (!take(/^\)/)) throw new Error(`a bracket is open: ${text}`);
      return inner;
    }
    if (take(/^\[/)) {
      const items = list(/^\]/);
      return (find) => items.map((item) => number(item(find)));
    }
    const digits = take(/^\d+(\.\d+)?/);
    if (digits !== undefined) return () => Number(digits);
    const name = take(/^[A-Z]+(?=\()/);
    if (name !== undefined) {
      take(/^\(/);
      const values = list(/^\)/);
      const apply = functions[name];
      if (!apply) throw new Error(`no function ${name}`);
      return (find) => apply(values.map((value) => value(find)));
    }
    const id = take(/^[a-z]\w*/);
    if (id === undefined) throw new Error(`cannot read ${rest} of ${text}`);
    return (find) => find(id);
  };
  const level = (at: number): Expression => {
    const known = operators[at];
    if (!known) return atom();
    let left = level(at + 1);
    for (;;) {
      const found = known.find(([pattern]) => take(pattern) !== undefined);
      if (!found) return left;
      const [before, after, apply] = [left, level(at + 1), found[1]];
      left = (find) => {
        const [a, b] = [number(before(find)), number(after(find))];
        return a === undefined || b === undefined ? undefined : apply(a, b);
      };
    }
  };
  const whole = level(0);
  if (rest !== '') throw new Error(`cannot read ${rest} of ${text}`);
  return whole;
}
