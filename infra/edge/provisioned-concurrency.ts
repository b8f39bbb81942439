// Executions of a function that are ready before there is a request, more or fewer of them by the clock.
import { TimeZone } from 'aws-cdk-lib';
import { Schedule } from 'aws-cdk-lib/aws-applicationautoscaling';
import type { Alias } from 'aws-cdk-lib/aws-lambda';
import { PropsError } from '../props-error.ts';

/** A change of how many executions are kept ready. */
export interface ScheduledExecutions {
  /** `cron(minutes hours day-of-month month day-of-week year)`. */
  readonly at: string;
  /** From then on. */
  readonly executions: number;
}

/** How many executions of a function are kept ready. */
export interface ProvisionedConcurrency {
  /** Until the schedule says otherwise. */
  readonly executions: number;
  /** Until the next of its changes, each day, week or year anew. */
  readonly schedule?: readonly ScheduledExecutions[];
  /** Of the schedule, as `Europe/Berlin`; UTC by default. */
  readonly timeZone?: string;
}

/** By the name of the function. */
export type ProvisionedFunctions = Readonly<Partial<Record<'token' | 'introspect' | 'revoke', ProvisionedConcurrency>>>;

/**
 * Application Auto Scaling sets it, not the alias itself: an alias with weights, as of a rollout, must not be given both in one
 * update.
 */
export function provision(live: Alias, { executions, schedule = [], timeZone }: ProvisionedConcurrency): void {
  const target = live.addAutoScaling({ minCapacity: executions, maxCapacity: executions });
  for (const [index, { at, executions: wanted }] of schedule.entries()) {
    target.scaleOnSchedule(`Change${index + 1}`, {
      schedule: Schedule.expression(at),
      minCapacity: wanted,
      maxCapacity: wanted,
      ...(timeZone !== undefined && { timeZone: TimeZone.of(timeZone) }),
    });
  }
}

/** @throws PropsError */
export function checkProvisioned(functions: ProvisionedFunctions): void {
  for (const [name, { executions, schedule = [], timeZone }] of Object.entries(functions)) {
    const of = `provisionedConcurrency of ${name}`;
    if (!['token', 'introspect', 'revoke'].includes(name)) {
      throw new PropsError(`provisionedConcurrency is for token, introspect and revoke, and not for "${name}"`);
    }
    const counts = [executions, ...schedule.map((change) => change.executions)];
    if (!counts.every((count) => Number.isInteger(count) && count >= 0)) {
      throw new PropsError(`${of}: executions are whole numbers`);
    }
    if (counts.every((count) => count === 0)) throw new PropsError(`${of}: none is ever kept ready`);
    const odd = schedule.find(({ at }) => !isCron(at));
    if (odd) throw new PropsError(`${of}: "${odd.at}" is no cron(minutes hours day month weekday year)`);
    if (timeZone !== undefined && !isTimeZone(timeZone)) {
      throw new PropsError(`${of}: "${timeZone}" is no time zone as Europe/Berlin is one`);
    }
  }
}

/** Six fields, of which one of the two days is a question mark. */
function isCron(text: string): boolean {
  const [, fields = ''] = /^cron\(([^()]+)\)$/.exec(text) ?? [];
  const [, , day, , weekday, year, ...more] = fields.split(' ');
  return year !== undefined && more.length === 0 && (day === '?') !== (weekday === '?');
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).format(0) !== '';
  } catch {
    return false;
  }
}
