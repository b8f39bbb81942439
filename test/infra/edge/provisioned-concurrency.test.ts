import { expect, test } from 'vitest';
import { checkProvisioned, type ProvisionedFunctions } from '../../../infra/edge/provisioned-concurrency.ts';
import { PropsError } from '../../../infra/props-error.ts';
import { referencesOf, resourcesOf, templateOf } from '../synthesized.ts';

const weekdays = [
  { at: 'cron(0 7 ? * MON-FRI *)', executions: 10 },
  { at: 'cron(0 19 ? * MON-FRI *)', executions: 1 },
];
const type = 'AWS::ApplicationAutoScaling::ScalableTarget';

test('executions of the alias live are kept ready by a schedule, of the function that is named and no other', () => {
  const template = templateOf({
    provisionedConcurrency: { token: { executions: 1, schedule: weekdays, timeZone: 'Europe/Berlin' } },
  });
  const [target, ...others] = Object.values(resourcesOf(template, type));
  expect(others).toEqual([]);
  expect(target?.Properties).toMatchObject({
    ServiceNamespace: 'lambda',
    ScalableDimension: 'lambda:function:ProvisionedConcurrency',
    MinCapacity: 1,
    MaxCapacity: 1,
    ScheduledActions: [
      {
        Schedule: 'cron(0 7 ? * MON-FRI *)',
        Timezone: 'Europe/Berlin',
        ScalableTargetAction: { MinCapacity: 10, MaxCapacity: 10 },
      },
      { ScalableTargetAction: { MinCapacity: 1, MaxCapacity: 1 } },
    ],
  });
  const resource = JSON.stringify(target?.Properties['ResourceId']);
  expect(resource).toMatch(/^\{"Fn::Join":\["",\["function:",.*":live"\]\]\}$/);
  // By way of the alias, which has to be there first.
  const [alias = ''] = referencesOf(target?.Properties['ResourceId']);
  expect(resourcesOf(template, 'AWS::Lambda::Alias')).toHaveProperty(alias);
  expect(alias).toContain('EndpointsToken');
  // A rollout gives the alias weights, and Lambda takes not both in one update.
  expect(JSON.stringify(resourcesOf(template, 'AWS::Lambda::Alias'))).not.toContain('ProvisionedConcurrencyConfig');
});

test('what cannot be scheduled is refused in one line, and what can be is not', () => {
  const refusal = (functions: ProvisionedFunctions): string => {
    try {
      checkProvisioned(functions);
      return '';
    } catch (error) {
      expect(error).toBeInstanceOf(PropsError);
      return (error as PropsError).message;
    }
  };
  const token = (changes: object) => refusal({ token: { executions: 1, ...changes } });
  expect(token({})).toBe('');
  expect(token({ executions: 0, schedule: weekdays })).toBe('');
  expect(token({ executions: 0 })).toBe('provisionedConcurrency of token: none is ever kept ready');
  for (const executions of [-1, 1.5]) expect(token({ executions })).toContain('executions are whole numbers');
  for (const at of ['0 7 * * *', 'cron(0 7 * * *)', 'cron(0 7 * * MON *)', 'cron(0 7 ? * ? *)', 'rate(1 day)']) {
    expect(token({ schedule: [{ at, executions: 1 }] })).toContain(`"${at}" is no cron(`);
  }
  expect(token({ timeZone: 'Europe/Berlin' })).toBe('');
  expect(token({ timeZone: 'Berlin' })).toContain('"Berlin" is no time zone');
  expect(refusal({ jwks: { executions: 1 } } as ProvisionedFunctions)).toContain('not for "jwks"');
});
