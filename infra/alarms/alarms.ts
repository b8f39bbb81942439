// The alarms of a deployment, and who is told: those that wake somebody and those that wait are told by one composite each, so
// that one cause makes one call; those on attackers by themselves.
import { CfnAlarm, CfnCompositeAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { type AlarmMeaning, type AlarmName, alarmCatalogue, runbookFolder, type Severity } from './alarm-catalogue.ts';
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

/** Seconds that what is muted waits for the mute to come, and after it to clear. */
const muting = 120;

type MadeAlarm = CfnAlarm | CfnCompositeAlarm;

export class Alarms extends Construct {
  /** By their names, without the parts that some are made of. */
  readonly alarms: ReadonlyMap<AlarmName, MadeAlarm>;

  constructor(scope: Construct, id: string, { prefix, names, leastRequests = 50, ...options }: AlarmsProps) {
    super(scope, id);
    const definitions = alarmDefinitions(names, { leastRequests });
    const wanted = [...new Set(definitions.map(({ name }) => name))];
    const make = (name: AlarmName): MadeAlarm => {
      const parts = definitions.filter((definition) => definition.name === name);
      const meaning: AlarmMeaning = alarmCatalogue[name];
      const actions = meaning.severity === 'attack' ? actionsOf(options.topic) : {};
      const described = { alarmDescription: descriptionOf(meaning, options.runbooks), ...actions };
      const [only, ...others] = parts.map((part) => this.makePart(prefix, part, parts.length > 1 ? {} : described));
      if (only && others.length === 0) return only;
      return new CfnCompositeAlarm(this, name, {
        alarmName: `${prefix}-${name}`,
        alarmRule: [only, ...others].flatMap((alarm) => (alarm ? [inAlarm(alarm)] : [])).join(' AND '),
        ...described,
      });
    };
    this.alarms = new Map(wanted.map((name) => [name, make(name)]));
    this.tell(prefix, names.namespace, options);
  }

  private makePart(prefix: string, definition: AlarmDefinition, described: Described): CfnAlarm {
    const { name, part, metrics, expression, threshold, period, breaching: [some, all] = [1, 1] } = definition;
    const id = part ? `${name}-${part}` : name;
    return new CfnAlarm(this, part ? `${name}-of-${part}` : name, {
      alarmName: `${prefix}-${id}`,
      ...(part && { alarmDescription: `Cambio: a part of ${prefix}-${name}, which says what it means.` }),
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

  /** One call for what has one cause, and none while somebody works on it. */
  private tell(prefix: string, namespace: string, { topic, warnTopic = topic }: AlarmOptions): void {
    const { name, dimensions, stat } = maintenanceMetric(namespace);
    const maintenance = new CfnAlarm(this, 'maintenance', {
      alarmName: `${prefix}-maintenance`,
      alarmDescription: `Cambio: while a datapoint of 1 of the metric "${name}" in ${namespace} is younger than an hour, ${prefix}-page and ${prefix}-warn tell nobody.`,
      ...{ namespace, metricName: name, dimensions: dimensionList(dimensions), statistic: stat },
      ...{ period: 3_600, evaluationPeriods: 1, threshold: 1 },
      comparisonOperator: 'GreaterThanOrEqualToThreshold',
      // It ends by itself.
      treatMissingData: 'notBreaching',
    });
    const muted = {
      actionsSuppressor: maintenance.attrArn,
      actionsSuppressorWaitPeriod: muting,
      actionsSuppressorExtensionPeriod: muting,
    };
    const page = new CfnCompositeAlarm(this, 'page', {
      alarmName: `${prefix}-page`,
      alarmDescription:
        'Cambio: something has to be looked at now. The alarms that it is made of say what, and what to do.',
      alarmRule: this.ofSeverity('page'),
      ...muted,
      ...actionsOf(topic),
    });
    new CfnCompositeAlarm(this, 'warn', {
      alarmName: `${prefix}-warn`,
      alarmDescription: 'Cambio: something has to be looked at today. Silent while somebody is called anyway.',
      alarmRule: `(${this.ofSeverity('warn')}) AND NOT ${inAlarm(page)}`,
      ...muted,
      ...actionsOf(warnTopic),
    });
  }

  private ofSeverity(severity: Severity): string {
    const made = [...this.alarms].filter(([name]) => alarmCatalogue[name].severity === severity);
    return made.map(([, alarm]) => inAlarm(alarm)).join(' OR ');
  }
}

interface Described {
  readonly alarmDescription?: string;
  readonly alarmActions?: string[];
  readonly okActions?: string[];
}

function descriptionOf({ consequence, action, runbook }: AlarmMeaning, runbooks = runbookFolder): string {
  return `Cambio: ${consequence} ${action} ${runbooks.replace(/\/$/, '')}/${runbook}.md`;
}

function actionsOf(topic: ITopic | undefined): Described {
  return topic ? { alarmActions: [topic.topicArn], okActions: [topic.topicArn] } : {};
}

function inAlarm(alarm: MadeAlarm): string {
  return `ALARM("${alarm.ref}")`;
}

function metricOf({ namespace, name, dimensions }: WatchedMetric): CfnAlarm.MetricProperty {
  return { namespace, metricName: name, dimensions: dimensionList(dimensions) };
}

function dimensionList(dimensions: WatchedMetric['dimensions']): CfnAlarm.DimensionProperty[] {
  return Object.entries(dimensions).map(([name, value]) => ({ name, value }));
}
