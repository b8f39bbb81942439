import { expect, test } from 'vitest';
import { billOf, ceilingsOf, type Standing } from '../../../infra/cost/bill.ts';
import { priceOf, readOn } from '../../../infra/cost/prices.ts';
import { standingOf } from '../../../infra/cost/standing.ts';

const standing: Standing = { keys: 3, alarmMetrics: 10, compositeAlarms: 2, dashboards: 1, hasTrail: true };
const usage = { exchanges: 10_000_000, mode: 'kms', alg: 'ES256', standing } as const;

function dollarsFor(service: string, changes: Partial<Parameters<typeof billOf>[0]> = {}): number {
  const line = billOf({ ...usage, ...changes }).find((each) => each.service === service);
  if (!line) throw new Error(`the bill has no line of ${service}`);
  return line.dollars;
}

test('a price in tiers is that of each part, and the first unit of a tier costs what the tier says', () => {
  expect(priceOf('apiRequest', 333e6)).toBeCloseTo(333 * 3.5, 6);
  expect(priceOf('apiRequest', 334e6)).toBeCloseTo(333 * 3.5 + 2.8, 6);
  expect(priceOf('apiRequest', 21_000e6)).toBeCloseTo(333 * 3.5 + 667 * 2.8 + 19_000 * 2.38 + 1_000 * 1.51, 4);
  expect(priceOf('keyMonth', 0)).toBe(0);
});

test('prices are of a day', () => {
  expect(readOn).toMatch(/^\d{4}-\d{2}-\d{2}$/);
});

test('a signature in the HSM is billed for each exchange, by the kind of key; an envelope’s key for each environment', () => {
  expect(dollarsFor('KMS')).toBeCloseTo(150 + 3, 6);
  expect(dollarsFor('KMS', { alg: 'RS256' })).toBeCloseTo(30 + 3, 6);
  expect(dollarsFor('KMS', { mode: 'envelope' })).toBeCloseTo(0.03 + 3, 6);
});

test('what nobody uses costs what stands', () => {
  expect(dollarsFor('KMS', { exchanges: 0 })).toBe(3);
  expect(dollarsFor('CloudWatch', { exchanges: 0 })).toBeCloseTo(12 * 0.3 + 1 + 1 + 3, 6);
  expect(dollarsFor('S3')).toBeGreaterThan(0);
  expect(dollarsFor('S3', { standing: { ...standing, hasTrail: false } })).toBe(0);
});

test('without KMS on the way of an exchange, it no longer bounds how many there can be', () => {
  const kms = (mode: 'kms' | 'envelope') => ceilingsOf({ mode, alg: 'ES256' }).find(({ service }) => service === 'KMS');
  expect(kms('kms')).toEqual({ service: 'KMS', what: 'ES256 signatures', most: 1_000 });
  expect(kms('envelope')?.most).toBeGreaterThan(1_000_000);
  const all = ceilingsOf({ mode: 'envelope', alg: 'ES256' }).map(({ most }) => most);
  expect(all).toEqual(all.toSorted((a, b) => a - b));
});

test('a template’s keys and what rotation makes of them, alarms by the metrics they read, dashboards and trail are counted', () => {
  const alarm = (Metrics?: unknown) => ({ Type: 'AWS::CloudWatch::Alarm', Properties: Metrics ? { Metrics } : {} });
  const template = (ObjectLockEnabled: boolean) => ({
    Resources: {
      Key: { Type: 'AWS::KMS::Key' },
      Heads: { Type: 'AWS::KMS::Key', Properties: { Tags: [{ Key: 'cambio:use', Value: 'audit' }] } },
      // Signs, and has been followed by another, and that one has its own successor.
      Signing: { Type: 'AWS::KMS::Key', Properties: { Tags: [{ Key: 'cambio:use', Value: 'token' }] } },
      One: alarm(),
      Ratio: alarm([{ Expression: 'a / b' }, { MetricStat: {} }, { MetricStat: {} }]),
      Both: { Type: 'AWS::CloudWatch::CompositeAlarm' },
      Board: { Type: 'AWS::CloudWatch::Dashboard' },
      Bucket: { Type: 'AWS::S3::Bucket', Properties: { ObjectLockEnabled } },
    },
  });
  const counted = { keys: 5, alarmMetrics: 3, compositeAlarms: 1, dashboards: 1 };
  expect(standingOf(template(true))).toEqual({ ...counted, hasTrail: true });
  expect(standingOf(template(false))).toEqual({ ...counted, hasTrail: false });
});
