// The alarms of a deployment, and who is told: each tells by itself, since what rings while another one does must be heard too. A
// composite is made of what several metrics make, what maintenance mutes, and what is silent while a louder one rings.
import { CfnAlarm, CfnCompositeAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { type AlarmMeaning, type AlarmName, alarmCatalogue, runbookFolder } from './alarm-catalogue.ts';
import {
  type AlarmDefinition,
  alarmDefinitions,
  letter,
  maintenanceMetric,
  type WatchedMetric,
  type WatchedNames,
} from './alarm-definitions.ts';

/** Who is told of what, and where the runbooks are. */
export interface AlarmOptions {
  /** Told of what wakes somebody, and of attackers; without it nobody is told, and the alarms can only be looked at. */
  readonly topic?: ITopic;
  /** Told of what can wait; `topic`, without it. */
  readonly warnTopic?: ITopic;
  /** URL of a folder that has this repository's docs/runbooks. */
  readonly runbooks?: string;
  /** Requests below which no share of them makes an alarm; 50 by default. */
  readonly leastRequests?: number;
}

export interface AlarmsProps extends AlarmOptions {
  /** How the names of the alarms begin. */
  readonly prefix: string;
  readonly names: WatchedNames;
}

/** Seconds that what is muted waits for the mute to come, which is as long as everybody else waits for it; and after it to clear. */
const muting = 60;

export class Alarms extends Construct {
  /** What measures, by the names of the alarms that it is for. */
  readonly measuring: ReadonlyMap<AlarmName, readonly CfnAlarm[]>;

  constructor(scope: Construct, id: string, { prefix, names, leastRequests = 50, ...options }: AlarmsProps) {
    super(scope, id);
    const definitions = alarmDefinitions(names, { leastRequests });
    const maintenance = this.makeMaintenance(prefix, names.namespace);
    const measuring = new Map<AlarmName, readonly CfnAlarm[]>();
    const told = [...new Set(definitions.map(({ name }) => name))].map((name) => {
      const own = definitions.filter((definition) => definition.name === name);
      const meaning: AlarmMeaning = alarmCatalogue[name];
      const described = { alarmDescription: descriptionOf(meaning, options.runbooks), ...actionsFor(meaning, options) };
      const isMuted = meaning.severity === 'page';
      const isComposite = isMuted || own.length > 1 || meaning.silentWhile !== undefined;
      const parts = own.map((definition) => this.makePart(prefix, definition, isComposite ? {} : described));
      measuring.set(name, parts);
      return { name, described, isMuted, isComposite, parts, silentWhile: meaning.silentWhile ?? [] };
    });
    for (const { name, described, isMuted, parts, silentWhile } of told.filter((one) => one.isComposite)) {
      const louder = silentWhile.map((each) => ` AND NOT (${ruleOf(measuring.get(each) ?? [])})`);
      const isOn = ruleOf(
        parts,
        definitions.some((definition) => definition.name === name && definition.isEnough),
      );
      new CfnCompositeAlarm(this, `${name}-told`, {
        alarmName: `${prefix}-${name}`,
        alarmRule: `${louder.length > 0 ? `(${isOn})` : isOn}${louder.join('')}`,
        ...described,
        ...(isMuted && mutedBy(maintenance)),
      });
    }
    this.measuring = measuring;
  }

  /** @param described where it tells by itself; empty where a composite tells of it */
  private makePart(prefix: string, definition: AlarmDefinition, described: Described): CfnAlarm {
    const { name, part, metrics, expression, threshold, period, breaching: [some, all] = [1, 1] } = definition;
    const isTold = described.alarmDescription === undefined;
    return new CfnAlarm(this, part ? `${name}-of-${part}` : name, {
      alarmName: isTold ? `${prefix}-${name}-${part ?? 'measured'}` : `${prefix}-${name}`,
      ...(isTold && { alarmDescription: `Cambio: a part of ${prefix}-${name}, which says what it means.` }),
      ...described,
      metrics: [
        { id: 'watched', expression, label: name, returnData: true },
        ...metrics.map((metric, at) => ({
          id: letter(at),
          returnData: false,
          metricStat: { stat: metric.stat, period, metric: metricOf(metric) },
        })),
      ],
      comparisonOperator: 'GreaterThanOrEqualToThreshold',
      threshold,
      evaluationPeriods: all,
      datapointsToAlarm: some,
      // Who gets no request fails none.
      treatMissingData: 'notBreaching',
    });
  }

  /** On for an hour after each datapoint of somebody who is at work. */
  private makeMaintenance(prefix: string, namespace: string): CfnAlarm {
    const { name, dimensions, stat } = maintenanceMetric(namespace);
    return new CfnAlarm(this, 'maintenance', {
      alarmName: `${prefix}-maintenance`,
      alarmDescription: `Cambio: while a datapoint of 1 of the metric "${name}" in ${namespace} is younger than an hour, no alarm wakes anybody but those on attackers.`,
      ...{ namespace, metricName: name, dimensions: dimensionList(dimensions), statistic: stat },
      // Looked at each minute: one period of an hour is looked at late.
      ...{ period: 60, evaluationPeriods: 60, datapointsToAlarm: 1, threshold: 1 },
      comparisonOperator: 'GreaterThanOrEqualToThreshold',
      // It ends by itself.
      treatMissingData: 'notBreaching',
    });
  }
}

/** What is still on when maintenance ends is told then. */
function mutedBy(maintenance: CfnAlarm) {
  return {
    actionsSuppressor: maintenance.attrArn,
    actionsSuppressorWaitPeriod: muting,
    actionsSuppressorExtensionPeriod: muting,
  };
}

interface Described {
  readonly alarmDescription?: string;
  readonly alarmActions?: string[];
  readonly okActions?: string[];
}

function descriptionOf({ consequence, action, runbook }: AlarmMeaning, runbooks = runbookFolder): string {
  return `Cambio: ${consequence} ${action} ${runbooks.replace(/\/$/, '')}/${runbook}.md`;
}

function actionsFor({ severity, silentWhile }: AlarmMeaning, { topic, warnTopic = topic }: AlarmOptions): Described {
  const told = severity === 'warn' ? warnTopic : topic;
  if (!told) return {};
  // Silent for a louder one, it would say that all is well.
  return { alarmActions: [told.topicArn], ...(!silentWhile && { okActions: [told.topicArn] }) };
}

/** All of them are on, or one. */
function ruleOf(alarms: readonly CfnAlarm[], oneIsEnough = false): string {
  return alarms.map(({ ref }) => `ALARM("${ref}")`).join(oneIsEnough ? ' OR ' : ' AND ');
}

function metricOf({ namespace, name, dimensions }: WatchedMetric): CfnAlarm.MetricProperty {
  return { namespace, metricName: name, dimensions: dimensionList(dimensions) };
}

function dimensionList(dimensions: WatchedMetric['dimensions']): CfnAlarm.DimensionProperty[] {
  return Object.entries(dimensions).map(([name, value]) => ({ name, value }));
}
