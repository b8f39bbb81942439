// What a template makes that is paid for by the month, counted. Pure.
import { keyUses } from '../../shared/policy/key-purposes.ts';
import type { Standing } from './bill.ts';

interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

/** @param template as CloudFormation gets it */
export function standingOf(template: { readonly Resources: Readonly<Record<string, Resource>> }): Standing {
  const all = Object.values(template.Resources);
  const ofType = (type: string): readonly Resource[] => all.filter(({ Type }) => Type === type);
  return {
    keys: ofType('AWS::KMS::Key').reduce((sum, key) => sum + billedFor(key), 0),
    alarmMetrics: ofType('AWS::CloudWatch::Alarm').reduce((sum, alarm) => sum + metricsOf(alarm), 0),
    compositeAlarms: ofType('AWS::CloudWatch::CompositeAlarm').length,
    dashboards: ofType('AWS::CloudWatch::Dashboard').length,
    hasTrail: ofType('AWS::S3::Bucket').some(({ Properties = {} }) => Properties['ObjectLockEnabled'] === true),
  };
}

/**
 * Of a key that signs for the keyring three are billed once it has rotated: the template's, which stays and is disabled, the one
 * that signs, and the next. Keys whose deletion is scheduled cost nothing.
 */
function billedFor({ Properties = {} }: Resource): number {
  const { Tags = [] } = Properties as { readonly Tags?: readonly { readonly Key: string; readonly Value: unknown }[] };
  const use = Tags.find(({ Key }) => Key === 'cambio:use')?.Value;
  return keyUses.some((signing) => signing === use) ? 3 : 1;
}

/** Of a mathematical alarm, the metrics it reads; the expressions cost nothing. */
function metricsOf({ Properties = {} }: Resource): number {
  const { Metrics } = Properties;
  if (!Array.isArray(Metrics)) return 1;
  return Metrics.filter((metric: object) => 'MetricStat' in metric).length;
}
