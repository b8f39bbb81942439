// Checks of what watches the deployment: CloudTrail, alarms, logs; and of the keys that are watched. Network, through the calls of AWS.
import type { Aws } from './aws-call.ts';
import type { Check } from './deployment.ts';
import { unknown, well, wrong } from './finding.ts';

type Document = Readonly<Record<string, unknown>>;

const days = 86_400_000;
/** Beyond which docs/runbooks/key-age.md says what to do. */
const oldest = 365;

export const signingKeys: Check = async ({ aws, machine, resources }) => {
  const ids = await resources('AWS::KMS::Key');
  if (ids.length === 0) return unknown('the stack has no key');
  const keys = await Promise.all(
    ids.map(async (KeyId) => ({ ...Object((await aws.json('kms', 'DescribeKey', { KeyId }))['KeyMetadata']) })),
  );
  const on = keys.filter(({ KeyState: state }) => state === 'Enabled');
  // Rotation leaves a key of the template disabled when its time is over, and its deletion to nobody.
  const off = keys.filter(({ KeyState: state }) => state !== 'Enabled' && state !== 'Disabled');
  if (off.length > 0 || on.length === 0) {
    const named = (off.length > 0 ? off : keys).map(
      ({ KeyId: id, KeyState: state }) => `${String(id)} is ${String(state)}`,
    );
    return wrong(named.join(', '), 'docs/runbooks/key-compromise.md');
  }
  const ages = on.map(({ CreationDate: made }) => Math.floor((machine.clock() - Number(made) * 1_000) / days));
  const age = Math.max(...ages);
  const ended = keys.length === on.length ? '' : `, ${keys.length - on.length} ended`;
  const found = `${on.length} enabled, the oldest ${age} days old${ended}`;
  return age > oldest ? wrong(found, 'docs/runbooks/key-age.md') : well(found);
};

/** Without a trail that records KMS's events nobody sees a signature that is not the functions'. */
export const trailOfKms: Check = async ({ aws }) => {
  const { trailList } = await aws.json('cloudtrail', 'DescribeTrails', { includeShadowTrails: true });
  const trails = documentsIn(trailList).filter(
    ({ IsMultiRegionTrail: everywhere, HomeRegion: home }) => everywhere === true || home === aws.region,
  );
  // An organization's trail may not be ours to look at: another one may record all the same.
  const looked = await Promise.allSettled(trails.map(({ TrailARN: arn }) => recordsKms(String(arn), aws)));
  const recording = trails.find((_trail, index) => isTrue(looked[index]));
  if (recording) return well(`${String(recording['Name'])} records KMS`);
  const failed = looked.find((each) => each.status === 'rejected');
  if (failed) throw failed.reason;
  const advice =
    'the alarm on signatures by others is blind: a trail with management events of KMS (docs/checklists.md)';
  return trails.length === 0 ? wrong('no trail', advice) : wrong('no trail records events of KMS', advice);
};

function isTrue(result: PromiseSettledResult<boolean> | undefined): boolean {
  return result?.status === 'fulfilled' && result.value;
}

async function recordsKms(arn: string, aws: Aws): Promise<boolean> {
  const [{ IsLogging }, selectors] = await Promise.all([
    aws.json('cloudtrail', 'GetTrailStatus', { Name: arn }),
    aws.json('cloudtrail', 'GetEventSelectors', { TrailName: arn }),
  ]);
  if (IsLogging !== true) return false;
  const { EventSelectors: basic, AdvancedEventSelectors: advanced } = selectors;
  return documentsIn(basic).some(selectsKms) || documentsIn(advanced).some(selectsKmsByFields);
}

/** `Sign` is a read event. */
function selectsKms(selector: Document): boolean {
  const {
    ReadWriteType: type = 'All',
    IncludeManagementEvents: included,
    ExcludeManagementEventSources: not,
  } = selector;
  const excluded = Array.isArray(not) ? not : [];
  return included !== false && type !== 'WriteOnly' && !excluded.includes('kms.amazonaws.com');
}

function selectsKmsByFields({ FieldSelectors: fields }: Document): boolean {
  const selectors = documentsIn(fields);
  const has = (name: string, value: string): boolean =>
    selectors.filter(({ Field }) => Field === name).every((selector) => takes(selector, value));
  const isManagement = selectors.some(({ Field, Equals }) => Field === 'eventCategory' && isIn('Management', Equals));
  return isManagement && has('readOnly', 'true') && has('eventSource', 'kms.amazonaws.com');
}

function takes({ Equals, NotEquals }: Document, value: string): boolean {
  return (Equals === undefined || isIn(value, Equals)) && !isIn(value, NotEquals);
}

function isIn(value: string, list: unknown): boolean {
  return Array.isArray(list) && list.includes(value);
}

/** Milliseconds: heads are signed every 15 minutes. */
const oldestHead = 20 * 60_000;

export const auditTrail: Check = async ({ aws, machine, stack }) => {
  const [, bucket] = [...(await stack()).outputs].find(([name]) => name.includes('TrailBucket')) ?? [];
  if (bucket === undefined)
    return well('none', 'nobody can prove who got what: leave `audit` as it is (docs/deploy.md)');
  // Just after midnight the last one is yesterday's.
  const listed = await Promise.all(
    [0, 1].map((ago) => {
      const day = new Date(machine.clock() - ago * days).toISOString().slice(0, 10);
      return aws.objects(bucket, `heads/${day}/`);
    }),
  );
  const signed = [...listed.join('').matchAll(/<LastModified>([^<]+)<\/LastModified>/g)].map(([, at = '']) =>
    Date.parse(at),
  );
  if (signed.length === 0) return wrong('no head was signed since yesterday', 'docs/runbooks/audit-lag.md');
  const age = machine.clock() - Math.max(...signed);
  const found = `the last head was signed ${Math.round(age / 60_000)} min ago`;
  return age <= oldestHead ? well(found) : wrong(found, 'docs/runbooks/audit-lag.md');
};

/** Of one call. */
const mostAlarms = 100;

export async function alarmsOf(aws: Aws, resources: Parameters<Check>[0]['resources']) {
  const [metric = [], composite = []] = await Promise.all([
    resources('AWS::CloudWatch::Alarm'),
    resources('AWS::CloudWatch::CompositeAlarm'),
  ]);
  const names = [...metric, ...composite];
  const found: Document[] = [];
  for (let start = 0; start < names.length; start += mostAlarms) {
    const input = {
      AlarmNames: names.slice(start, start + mostAlarms),
      AlarmTypes: ['MetricAlarm', 'CompositeAlarm'],
      MaxRecords: mostAlarms,
    };
    const { MetricAlarms, CompositeAlarms } = await aws.json('monitoring', 'DescribeAlarms', input);
    found.push(...documentsIn(MetricAlarms), ...documentsIn(CompositeAlarms));
  }
  return found;
}

/** An alarm that only feeds a composite one, or a rollout, notifies through that. */
export const alarmActions: Check = async ({ aws, resources }) => {
  const alarms = await alarmsOf(aws, resources);
  if (alarms.length === 0) return wrong('the stack has no alarm', 'docs/deploy.md says how it gets them');
  const speaking = alarms.filter(
    ({ AlarmActions: actions, ActionsEnabled: on }) => on !== false && Array.isArray(actions) && actions.length > 0,
  );
  const fed = new Set(speaking.flatMap(({ AlarmRule: rule }) => String(rule ?? '').split(/["':()]/)));
  // Those of the runbooks: an alarm without words is one of a rollout, which CodeDeploy asks itself.
  const silent = alarms.filter(
    (alarm) =>
      !speaking.includes(alarm) &&
      String(alarm['AlarmDescription'] ?? '').includes('runbooks/') &&
      !fed.has(String(alarm['AlarmName'])),
  );
  if (speaking.length > 0 && silent.length === 0)
    return well(`${speaking.length} of ${alarms.length} alarms tell somebody`);
  const named = silent.map(({ AlarmName: name }) => String(name)).join(', ');
  return wrong(`alarms that tell nobody: ${named || 'all'}`, 'give them a topic (docs/deploy.md)');
};

export const logRetention: Check = async ({ aws, resources }) => {
  const names = await resources('AWS::Logs::LogGroup');
  if (names.length === 0) return unknown('the stack has no log group');
  const kept = await Promise.all(names.map((name) => retentionOf(name, aws)));
  const forever = names.filter((_name, index) => kept[index] === undefined);
  if (forever.length > 0)
    return wrong(`kept for ever: ${forever.join(', ')}`, 'prop logRetention; somebody has changed it');
  return well(`${names.length} log groups, kept ${Math.min(...kept.map(Number))} days at least`);
};

async function retentionOf(name: string, aws: Aws): Promise<number | undefined> {
  const { logGroups } = await aws.json('logs', 'DescribeLogGroups', { logGroupNamePrefix: name, limit: 50 });
  const found = documentsIn(logGroups).find(({ logGroupName }) => logGroupName === name);
  return typeof found?.['retentionInDays'] === 'number' ? found['retentionInDays'] : undefined;
}

function documentsIn(list: unknown): readonly Document[] {
  return Array.isArray(list) ? list.filter((each): each is Document => typeof each === 'object' && each !== null) : [];
}
