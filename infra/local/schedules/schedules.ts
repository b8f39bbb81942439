// Scheduled rules of the template: the functions they call, at their times or when a test wants it. I/O: timers, functions.

import { randomUUID } from 'node:crypto';
import type { InvocationResult } from '../lambda/execution-environment.ts';
import type { Invoke } from '../lambda/running-functions.ts';
import { accountId, arn, region } from '../template/deployment.ts';
import {
  asArray,
  asObject,
  asString,
  resourcesOfType,
  type StackTemplate,
  TemplateError,
} from '../template/stack-template.ts';
import { type NextTime, nextTimeOf } from './schedule-expression.ts';

interface Schedule {
  readonly logicalId: string;
  readonly arn: string;
  readonly next: NextTime;
  readonly isEnabled: boolean;
  readonly targets: readonly { readonly arn: string; readonly input: string | undefined }[];
}

export interface SchedulesOptions {
  readonly template: StackTemplate;
  readonly resolve: (value: unknown) => unknown;
  readonly invoke: Invoke;
  /** Milliseconds. */
  readonly clock: () => number;
}

export interface Schedules {
  /** Does now what the one schedule whose logical id contains `name` does. @throws Error if there is not exactly one */
  readonly fire: (name: string) => Promise<readonly InvocationResult[]>;
  /** Runs each at its times, until the returned function is called. */
  readonly start: () => () => void;
}

/** @throws TemplateError for one the local stack does not run */
export function openSchedules({ template, resolve, invoke, clock }: SchedulesOptions): Schedules {
  const schedules = schedulesOf(template, resolve);
  const run = (schedule: Schedule): Promise<readonly InvocationResult[]> =>
    Promise.all(schedule.targets.map(({ arn: target, input }) => invoke(target, input ?? eventOf(schedule, clock()))));
  return {
    fire: (name) => {
      const [schedule, second] = schedules.filter(({ logicalId }) => logicalId.includes(name));
      if (!schedule || second) throw new Error(`${schedule ? 'several schedules' : 'no schedule'} named ${name}`);
      return run(schedule);
    },
    start: () => {
      const stops = schedules.filter(({ isEnabled }) => isEnabled).map((schedule) => repeat(schedule, clock, run));
      return () => {
        for (const stop of stops) stop();
      };
    },
  };
}

/** The longest that a timer can wait. */
const longestWaitMs = 2_147_483_647;

function repeat(schedule: Schedule, clock: () => number, run: (schedule: Schedule) => Promise<unknown>): () => void {
  let timer: NodeJS.Timeout;
  const plan = (at: number): void => {
    const wait = Math.max(0, Math.min(at - clock(), longestWaitMs));
    timer = setTimeout(() => {
      if (clock() < at) return plan(at);
      // What it says of a failure is in its log.
      run(schedule).catch(() => {});
      plan(schedule.next(at));
    }, wait);
    timer.unref();
  };
  plan(schedule.next(clock()));
  return () => clearTimeout(timer);
}

function schedulesOf(template: StackTemplate, resolve: (value: unknown) => unknown): readonly Schedule[] {
  return resourcesOfType(template, 'AWS::Events::Rule').flatMap(([logicalId, { Properties }]) => {
    // Rules of events that nothing here sends: of CloudTrail, for one.
    if (Properties?.ScheduleExpression === undefined) return [];
    const properties = asObject(resolve(Properties), logicalId);
    return [
      {
        logicalId,
        arn: arn('events', `rule/${logicalId}`),
        next: nextTimeOf(asString(properties.ScheduleExpression, `${logicalId}.ScheduleExpression`)),
        isEnabled: properties.State !== 'DISABLED',
        targets: asArray(properties.Targets, `${logicalId}.Targets`).map((target) => targetOf(target, logicalId)),
      },
    ];
  });
}

/** Properties of a target that are executed here, or change nothing when nothing fails. */
const understood = ['Arn', 'DeadLetterConfig', 'Id', 'Input', 'RetryPolicy'];

function targetOf(target: unknown, logicalId: string) {
  const properties = asObject(target, `${logicalId}.Targets`);
  const unknown = Object.keys(properties).filter((name) => !understood.includes(name));
  const functionArn = asString(properties.Arn, `${logicalId} target`);
  if (unknown.length > 0 || !functionArn.startsWith('arn:aws:lambda:')) {
    throw new TemplateError(
      `${logicalId}: the local stack does not run this target: ${[functionArn, ...unknown].join(', ')}`,
    );
  }
  const { Input } = properties;
  return { arn: functionArn, input: Input === undefined ? undefined : asString(Input, `${logicalId} input`) };
}

function eventOf(schedule: Schedule, at: number): string {
  return JSON.stringify({
    version: '0',
    id: randomUUID(),
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    account: accountId,
    time: new Date(at).toISOString().replace(/\.\d+/, ''),
    region,
    resources: [schedule.arn],
    detail: {},
  });
}
