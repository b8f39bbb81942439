// Everything that watches a deployment by its metrics.
import { Alarm, type IAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ILogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { type KeyUse, keyUses } from '../../shared/policy/key-purposes.ts';
import type { AuditTrail } from '../audit/audit-trail.ts';
import { Dashboards } from '../dashboards/dashboards.ts';
import type { Endpoints } from '../endpoints/endpoints.ts';
import type { Signers, SigningKeys } from '../keys/signing-keys.ts';
import type { SessionRevocations } from '../roles/session-revocations.ts';
import type { WatchedNames } from './alarm-definitions.ts';
import { type AlarmOptions, Alarms } from './alarms.ts';
import { GatewayThrottles } from './gateway-throttles.ts';
import { Gauges } from './gauges.ts';
import { SignatureWatch, type Signing } from './signature-watch.ts';

export interface WatchProps {
  /** How the names of alarms begin. */
  readonly prefix: string;
  /** Of the functions' metrics. */
  readonly namespace: string;
  readonly alarms: AlarmOptions | false;
  readonly dashboards: boolean;
  readonly endpoints: Endpoints;
  readonly api: WatchedNames['api'];
  readonly signingKeys: SigningKeys;
  /** Roles of the functions that make sealed keys. */
  readonly makers: readonly IRole[];
  readonly sessions: SessionRevocations | undefined;
  readonly trail: AuditTrail | undefined;
  /** Of the API's stage. */
  readonly accessLogs: ILogGroup;
  readonly logRetention: RetentionDays;
}

export class Watch extends Construct {
  readonly alarms: Alarms | undefined;
  /** What a new version is taken back for: those that ring within its first minutes and go out again soon. */
  readonly rolloutAlarms: readonly IAlarm[] = [];

  constructor(scope: Construct, id: string, props: WatchProps) {
    super(scope, id);
    const { prefix, namespace, alarms, endpoints, signingKeys, sessions, trail, logRetention } = props;
    const suspensions = endpoints.routes.find(({ path }) => path === '/admin/suspensions')?.handler;
    if (suspensions) new Gauges(this, 'Gauges', suspensions);
    const functions = endpoints.functions.map((each) => each.function.functionName);
    new GatewayThrottles(this, 'Throttled', { namespace, accessLogs: props.accessLogs });
    if (props.dashboards) {
      const logGroups = endpoints.protocol.map(({ logGroup }) => logGroup.logGroupName);
      new Dashboards(this, 'Dashboards', { prefix, namespace, functions, logGroups });
    }
    if (alarms === false) return;
    const { rotation } = endpoints;
    const watched = signingOf({ signingKeys, signersFor: endpoints.signersFor, makers: props.makers, trail });
    const { ruleNames } = new SignatureWatch(this, 'Signatures', {
      watched,
      // Not that of /admin/keys: whoever signs much with any key of the account would keep operators from revoking ours.
      keys: endpoints.keySet as IFunction,
      logRetention,
    });
    const names = {
      ...{ namespace, api: props.api, trailFunctions: trail?.functionNames ?? [] },
      // That of the keys has an alarm of its own.
      functions: functions.filter((each) => each !== rotation.function.functionName),
      sessionRevocations: sessions?.functionName,
      hasTenants: endpoints.routes.some(({ path }) => path === '/admin/tenants/{name}'),
      signatureRules: ruleNames,
    };
    this.alarms = new Alarms(this, 'Alarms', { ...alarms, prefix, names });
    // CodeDeploy is not documented to watch composite alarms.
    this.rolloutAlarms = (['function-errors', 'dependency-errors'] as const).flatMap((name) => {
      // Where there are several, the one of the functions that most callers meet: a deployment is watched by ten in all.
      const [measuring] = this.alarms?.measuring.get(name) ?? [];
      return measuring ? [Alarm.fromAlarmName(this, `rollout-${name}`, measuring.ref)] : [];
    });
  }
}

interface SigningParts extends Pick<WatchProps, 'signingKeys' | 'makers' | 'trail'> {
  readonly signersFor: Signers;
}

/** What signs with which keys, by what the signatures are for; and what opens those that are sealed, or seals them anew. */
function signingOf({ signingKeys, signersFor, makers, trail }: SigningParts): readonly Signing[] {
  const { keys, wrapping } = signingKeys;
  const ofUse = (wanted: KeyUse) => keys.flatMap(({ use, key }) => (use === wanted ? [key] : []));
  const ofKeyring = keyUses.map((use) => ({ use, keys: ofUse(use), signers: signersFor[use] }));
  const opening = {
    use: 'sealed',
    signers: [...new Set([...keyUses.flatMap((use) => signersFor[use]), ...makers])],
    calls: ['Decrypt', 'ReEncrypt'],
  };
  return [
    ...ofKeyring,
    ...(wrapping ? [{ ...opening, keys: [wrapping] }] : []),
    ...(trail ? [{ use: 'heads', keys: [trail.headsKey], signers: [trail.headsRole] }] : []),
  ];
}
