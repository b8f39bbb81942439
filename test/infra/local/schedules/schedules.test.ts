// Schedules of the template: when they come, and what they call.
import { describe, expect, it, vi } from 'vitest';
import { nextTimeOf } from '../../../../infra/local/schedules/schedule-expression.ts';
import { openSchedules } from '../../../../infra/local/schedules/schedules.ts';

describe('a schedule expression', () => {
  const next = (expression: string, after: string) => new Date(nextTimeOf(expression)(Date.parse(after))).toISOString();
  it.each([
    ['rate(1 minute)', '2026-11-27T03:04:05.000Z', '2026-11-27T03:05:05.000Z'],
    ['rate(15 minutes)', '2026-11-27T03:04:05.000Z', '2026-11-27T03:19:05.000Z'],
    ['rate(1 day)', '2026-11-27T03:04:05.000Z', '2026-11-28T03:04:05.000Z'],
    ['cron(0/15 * * * ? *)', '2026-11-27T03:04:05.000Z', '2026-11-27T03:15:00.000Z'],
    ['cron(0/15 * * * ? *)', '2026-11-27T03:15:00.000Z', '2026-11-27T03:30:00.000Z'],
    ['cron(10 2 * * ? *)', '2026-11-27T03:04:05.000Z', '2026-11-28T02:10:00.000Z'],
    ['cron(0 8 ? * MON-FRI *)', '2026-11-27T09:00:00.000Z', '2026-11-30T08:00:00.000Z'],
    ['cron(0 8 ? * 2,4 *)', '2026-11-30T09:00:00.000Z', '2026-12-02T08:00:00.000Z'],
    ['cron(0 0 1 JAN ? *)', '2026-11-27T03:04:05.000Z', '2027-01-01T00:00:00.000Z'],
    ['cron(0 0 29 2 ? *)', '2026-11-27T03:04:05.000Z', '2028-02-29T00:00:00.000Z'],
  ])('%s comes after %s at %s', (expression, after, at) => {
    expect(next(expression, after)).toBe(at);
  });

  it.each([
    'rate(0 minutes)',
    'rate(1 week)',
    'cron(0 8 L * ? *)',
    'cron(60 * * * ? *)',
    'cron(* * * ? *)',
    'at(2026)',
  ])('%s is not known, and stops the start', (expression) => {
    expect(() => nextTimeOf(expression)).toThrow(`does not know the schedule ${expression}`);
  });
});

describe('a scheduled rule', () => {
  const functionArn = 'arn:aws:lambda:eu-west-1:111122223333:function:f:live';
  const rule = (properties: Record<string, unknown>) => ({ Type: 'AWS::Events::Rule', Properties: properties });
  const target = { Arn: functionArn, Id: 'Target0' };
  function open(rules: Record<string, ReturnType<typeof rule>>) {
    const calls: (readonly [arn: string, event: unknown])[] = [];
    const schedules = openSchedules({
      template: { Resources: rules },
      resolve: (value) => value,
      invoke: async (arn, event) => {
        calls.push([arn, JSON.parse(event)]);
        return { ok: true, payload: 'null' };
      },
      clock: Date.now,
    });
    return { ...schedules, calls };
  }

  it('calls its function with an event of EventBridge, or with its own input, when a test fires it', async () => {
    const { fire, calls } = open({
      Minutely: rule({ ScheduleExpression: 'rate(1 minute)', Targets: [target] }),
      Daily: rule({ ScheduleExpression: 'rate(1 day)', Targets: [{ ...target, Input: '{"day":1}' }] }),
      OnTrail: rule({ EventPattern: { source: ['aws.kms'] }, Targets: [{ Arn: 'arn:aws:sns:x', Id: 'T' }] }),
    });
    expect(await fire('Minutely')).toEqual([{ ok: true, payload: 'null' }]);
    await fire('Daily');
    expect(calls).toEqual([
      [functionArn, expect.objectContaining({ source: 'aws.events', 'detail-type': 'Scheduled Event', detail: {} })],
      [functionArn, { day: 1 }],
    ]);
    expect(() => fire('OnTrail')).toThrow('no schedule named OnTrail');
    expect(() => fire('ly')).toThrow('several schedules named ly');
  });

  it('runs at its times until it is stopped, unless it is disabled', () => {
    vi.useFakeTimers();
    const { start, calls } = open({
      On: rule({ ScheduleExpression: 'rate(1 minute)', Targets: [target] }),
      Off: rule({ ScheduleExpression: 'rate(1 minute)', State: 'DISABLED', Targets: [target] }),
    });
    const stop = start();
    vi.advanceTimersByTime(59_000);
    expect(calls).toHaveLength(0);
    vi.advanceTimersByTime(121_000);
    expect(calls).toHaveLength(3);
    stop();
    vi.advanceTimersByTime(120_000);
    expect(calls).toHaveLength(3);
    vi.useRealTimers();
  });

  it('with a target that nothing here runs stops the start', () => {
    const wrong = { ScheduleExpression: 'rate(1 minute)', Targets: [{ ...target, Arn: 'arn:aws:sqs:x' }] };
    expect(() => open({ Queue: rule(wrong) })).toThrow('does not run this target: arn:aws:sqs:x');
    expect(() => open({ Queue: rule({ ...wrong, Targets: [target] }) })).not.toThrow();
  });
});
