// When a schedule of EventBridge comes next: `rate(...)` and `cron(...)`, in UTC. Pure.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html

import { TemplateError } from '../template/stack-template.ts';

/** The next time after `after`, both in milliseconds since the epoch. */
export type NextTime = (after: number) => number;

const minuteMs = 60_000;
const units: Readonly<Record<string, number>> = { minute: minuteMs, hour: 60 * minuteMs, day: 1_440 * minuteMs };
const names: Readonly<Record<string, readonly string[]>> = {
  month: ['', 'JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'],
  weekday: ['', 'SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'],
};

/** @throws TemplateError for an expression the local stack does not know */
export function nextTimeOf(expression: string): NextTime {
  const [, count, unit = ''] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression) ?? [];
  if (count !== undefined && Number(count) > 0) return (after) => after + Number(count) * (units[unit] ?? minuteMs);
  const [, fields] = /^cron\((.+)\)$/.exec(expression) ?? [];
  if (fields === undefined) throw unknown(expression);
  return nextOfCron(fields.trim().split(/\s+/), expression);
}

function nextOfCron(fields: readonly string[], expression: string): NextTime {
  const [minutes = '', hours = '', days = '', months = '', weekdays = '', years = '', ...rest] = fields;
  if (years === '' || rest.length > 0) throw unknown(expression);
  const field = (text: string, lowest: number, highest: number, of?: string) =>
    valuesOf(text, { lowest, highest, names: names[of ?? ''] ?? [], expression });
  const wanted = {
    minute: field(minutes, 0, 59),
    hour: field(hours, 0, 23),
    day: field(days, 1, 31),
    month: field(months, 1, 12, 'month'),
    weekday: field(weekdays, 1, 7, 'weekday'),
    year: field(years, 1970, 2199),
  };
  const isDay = (time: Date): boolean =>
    wanted.day.has(time.getUTCDate()) &&
    wanted.month.has(time.getUTCMonth() + 1) &&
    wanted.weekday.has(time.getUTCDay() + 1) &&
    wanted.year.has(time.getUTCFullYear());
  return (after) => {
    let at = Math.floor(after / minuteMs) * minuteMs + minuteMs;
    // Two leap years away at the latest.
    for (const end = after + 9 * 366 * (units['day'] ?? 0); at < end; ) {
      const time = new Date(at);
      if (!isDay(time)) at = Date.UTC(time.getUTCFullYear(), time.getUTCMonth(), time.getUTCDate() + 1);
      else if (wanted.hour.has(time.getUTCHours()) && wanted.minute.has(time.getUTCMinutes())) return at;
      else at += minuteMs;
    }
    return Number.POSITIVE_INFINITY;
  };
}

interface Field {
  readonly lowest: number;
  readonly highest: number;
  /** By number. */
  readonly names: readonly string[];
  readonly expression: string;
}

/** `*`, `?`, numbers, names, ranges, lists and steps; what else AWS knows (L, W, #) is refused. */
function valuesOf(text: string, field: Field): ReadonlySet<number> {
  const values = text.split(',').flatMap((part) => {
    const [range = '', step = '1', ...rest] = part.split('/');
    const [first, last] = boundsOf(range, field, part.includes('/'));
    const every = Number(step);
    if (rest.length > 0 || !(every > 0) || first < field.lowest || last > field.highest || first > last) {
      throw unknown(field.expression);
    }
    return Array.from({ length: Math.floor((last - first) / every) + 1 }, (_, index) => first + index * every);
  });
  return new Set(values);
}

function boundsOf(range: string, field: Field, hasStep: boolean): readonly [number, number] {
  if (range === '*' || range === '?') return [field.lowest, field.highest];
  const [first = '', last] = range.split('-');
  const begin = numberOf(first, field);
  if (last !== undefined) return [begin, numberOf(last, field)];
  return [begin, hasStep ? field.highest : begin];
}

function numberOf(text: string, { names: known, expression }: Field): number {
  const named = text === '' ? -1 : known.indexOf(text.toUpperCase());
  const number = named > 0 ? named : /^\d{1,4}$/.test(text) ? Number(text) : -1;
  if (number < 0) throw unknown(expression);
  return number;
}

function unknown(expression: string): TemplateError {
  return new TemplateError(`the local stack does not know the schedule ${expression}`);
}
