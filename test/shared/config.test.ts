import { describe, expect, test } from 'vitest';
import { readConfig } from '../../shared/config.ts';

const whole = { ISSUER: 'https://issuer.example', RECORDS_TABLE: 'records', DECISION_RETENTION: '2592000' };

describe('the configuration of a function', () => {
  test('is read by its names, numbers as numbers', () => {
    expect(readConfig(whole, ['issuer', 'decisionRetention'])).toEqual({
      issuer: 'https://issuer.example',
      decisionRetention: 2_592_000,
    });
  });

  test('may lack what is optional, and what is empty is absent', () => {
    expect(readConfig({ POLICY_VALUES: '' }, ['policyValues', 'lambdaEndpoint', 'iamEndpoint'])).toEqual({
      policyValues: undefined,
      lambdaEndpoint: undefined,
      iamEndpoint: undefined,
    });
    expect(
      readConfig({ POLICY_VALUES: '{}', AWS_ENDPOINT_URL_IAM: 'http://x' }, ['policyValues', 'iamEndpoint']),
    ).toEqual({ policyValues: '{}', iamEndpoint: 'http://x' });
  });

  test('names every variable that is missing or wrong in one error, and the value of none', () => {
    const read = (environment: Readonly<Record<string, string>>) => () =>
      readConfig(environment, ['issuer', 'recordsTable', 'decisionRetention', 'policyValues']);
    expect(read({ ISSUER: '', DECISION_RETENTION: 'abc' })).toThrow(
      new Error(
        'environment variables: ISSUER is missing, RECORDS_TABLE is missing, DECISION_RETENTION is not a whole number above 0',
      ),
    );
    expect(read({})).toThrow(/ISSUER is missing.*RECORDS_TABLE is missing.*DECISION_RETENTION is missing/);
    expect(read(whole)).not.toThrow();
  });

  test('takes one of the choices a setting has, and nothing else', () => {
    const read = (clients: string) => readConfig({ CLIENTS_OF_AWS: clients }, ['awsClients']).awsClients;
    expect([read(''), read('direct'), read('sdk')]).toEqual([undefined, 'direct', 'sdk']);
    expect(() => read('SDK')).toThrow('CLIENTS_OF_AWS is none of direct, sdk');
  });

  test.each([
    'abc',
    '30d',
    '1.5',
    '-1',
    '0',
    '007',
    ' 7',
    '1e3',
    '0x10',
    'Infinity',
    '9007199254740992',
  ])('takes no number from %j', (value) => {
    const read = (retention: string) => readConfig({ DECISION_RETENTION: retention }, ['decisionRetention']);
    expect(() => read(value)).toThrow('DECISION_RETENTION is not a whole number above 0');
    expect(read('86400')).toEqual({ decisionRetention: 86_400 });
  });
});
