// Alarms as the template has them: what they say, and whether each fires and clears in the incident it is for.
import { Stack } from 'aws-cdk-lib';
import { CfnRule } from 'aws-cdk-lib/aws-events';
import { Role } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { describe, expect, test } from 'vitest';
import { type AlarmName, alarmCatalogue, type Severity } from '../../../infra/alarms/alarm-catalogue.ts';
import { SignatureWatch } from '../../../infra/alarms/signature-watch.ts';
import { filteredDatapoint, metricFiltersOf } from '../../../infra/local/metrics/metric-filters.ts';
import { resourcesOf, templateOf } from '../synthesized.ts';
import { alarms, composites, Deployment, idOf, prefix, refusedToken, resolvedOf } from './incident.ts';

const down = { kind: 'unavailable', dependency: 'kms' } as const;
const functionNamed = (name: string) => ({ FunctionName: idOf(`${name}Function`, 'AWS::Lambda::Function') });
const day = 1_440;

interface Incident {
  readonly happens: (deployment: Deployment) => void;
  /** Minutes at which the alarm is on, and at which it is off again. */
  readonly on: number;
  readonly off: number;
}

/** In minutes; healthy traffic before and after. */
const incidents: Readonly<Record<AlarmName, Incident>> = {
  'errors-day-page': {
    happens: (at) => {
      at.requests({ from: 0, to: 20, every: 10, as: down });
      at.requests({ from: 20, to: 60 });
    },
    on: 20,
    off: 40,
  },
  'errors-day-warn': {
    happens: (at) => {
      at.requests({ from: 0, to: 60, every: 70, as: down });
      at.requests({ from: 60, to: 180 });
    },
    on: 60,
    off: 125,
  },
  'errors-burn-14': {
    happens: (at) => {
      at.requests({ from: 0, to: 60, every: 20, as: down });
      at.requests({ from: 60, to: 120 });
    },
    on: 60,
    // The short window clears it long before the hour is over.
    off: 66,
  },
  'errors-burn-6': {
    happens: (at) => {
      at.requests({ from: 0, to: 370, every: 100, as: down });
      at.requests({ from: 370, to: 420 });
    },
    on: 370,
    off: 420,
  },
  'errors-burn-3': {
    happens: (at) => {
      at.requests({ from: 0, to: day, rate: 2, every: 200, as: down });
      at.requests({ from: day, to: day + 130, rate: 2 });
    },
    on: day,
    off: day + 130,
  },
  'function-errors': {
    happens: (at) => at.published('AWS/Lambda', 'Errors', functionNamed('Token'), { from: 10, to: 20 }),
    on: 18,
    off: 30,
  },
  latency: {
    happens: (at) => {
      at.requests({ from: 0, to: 20, latency: 300 });
      at.requests({ from: 20, to: 60 });
    },
    on: 20,
    off: 40,
  },
  throttling: {
    happens: (at) => {
      at.requests({ from: 0, to: 60, every: 100, as: { kind: 'throttled' } });
      at.requests({ from: 60, to: 180 });
    },
    on: 60,
    off: 125,
  },
  // Nothing is processed, so that no function counts anything.
  'throttling-page': {
    happens: (at) => {
      at.published('AWS/Lambda', 'Throttles', functionNamed('Token'), { from: 0, to: 180, value: 500 });
      at.requests({ from: 180, to: 200 });
    },
    on: 6,
    off: 190,
  },
  // The right to invoke the functions is gone.
  'gateway-errors': {
    happens: (at) => {
      at.gateway(1, { from: 0, to: 20 });
      at.gateway(0, { from: 20, to: 60 });
    },
    on: 10,
    off: 40,
  },
  'dependency-errors': {
    happens: (at) => at.requests({ from: 0, to: 20, every: 1, as: { kind: 'unavailable', dependency: 'dynamodb' } }),
    on: 10,
    off: 40,
  },
  'issuer-errors': {
    happens: (at) => {
      for (let minute = 0; minute < 30; minute += 1) {
        at.line('token', minute, { dependency_errors: 1, dependency: 'issuer' });
      }
    },
    on: 20,
    off: 45,
  },
  'revocation-latency': {
    happens: (at) => {
      at.line('probe', 0, { revocation_latency: 20 });
      at.line('probe', 6, { revocation_latency: 0.4 });
    },
    on: 4,
    off: 11,
  },
  'session-revocations': {
    happens: (at) =>
      at.published('AWS/Lambda', 'Errors', functionNamed('SessionRevocationsWriter'), { from: 2, to: 6 }),
    on: 6,
    off: 12,
  },
  'audit-lag': {
    happens: (at) => {
      for (const minute of [1, 6, 11]) at.line('trail-writer', minute, { audit_lag: 400 });
      at.line('trail-writer', 16, { audit_lag: 2 });
    },
    on: 12,
    off: 30,
  },
  'audit-incomplete': { happens: (at) => at.line('trail-sweep', 1, { audit_missing: 1 }), on: 3, off: 10 },
  'audit-errors': {
    happens: (at) =>
      at.published(
        'AWS/Lambda',
        'Errors',
        { FunctionName: idOf('WritingWriterFunction', 'AWS::Lambda::Function') },
        { from: 1, to: 3 },
      ),
    on: 4,
    off: 20,
  },
  'audit-findings': { happens: (at) => at.line('trail-writer', 1, { audit_findings: 1 }), on: 3, off: 10 },
  'foreign-signature': {
    happens: (at) =>
      at.published(
        'AWS/Events',
        'TriggeredRules',
        { RuleName: idOf('SignaturestokenRule', 'AWS::Events::Rule') },
        { from: 5, to: 6 },
      ),
    on: 6,
    off: 8,
  },
  'signature-spike': {
    happens: (at) => at.requests({ from: 0, to: 5, rate: 20, every: 1, as: refusedToken('signature') }),
    on: 5,
    off: 12,
  },
  'replay-spike': {
    // Half of them each: one alarm for what only who copied a token does.
    happens: (at) => {
      at.requests({ from: 0, to: 5, rate: 10, every: 2, as: refusedToken('replayed') });
      at.requests({ from: 0, to: 5, rate: 10, every: 2, as: refusedToken('binding') });
    },
    on: 5,
    off: 12,
  },
  'suspension-left-on': {
    happens: (at) => {
      at.line('suspensions', 1, { suspension_age: 90_000 });
      at.line('suspensions', 40, {});
    },
    on: 15,
    off: 45,
  },
  'key-age': { happens: (at) => at.line('suspensions', 1, { key_age: 366 * 86_400 }), on: 15, off: 45 },
  'key-rotation': {
    happens: (at) => {
      for (let minute = 0; minute < 180; minute += 15) at.line('keys', minute, { rotation_lag: 30_000 });
    },
    on: 150,
    off: 330,
  },
  'keyring-refused': { happens: (at) => at.line('jwks', 1, { keyring_refused: 1 }), on: 3, off: 10 },
  'tenants-refused': { happens: (at) => at.line('token', 1, { tenants_refused: 1 }), on: 3, off: 10 },
  'tenants-left-out': { happens: (at) => at.line('events', 1, { tenants_left_out: 2 }), on: 3, off: 10 },
  'maintenance-left-on': {
    happens: (at) => at.published(`Cambio/${prefix}`, 'maintenance', {}, { from: 0, to: 290 }),
    on: 280,
    off: 360,
  },
};

/** The metric filter of the API's access log. */
function accessLogFilter(): object {
  const [properties] = resolvedOf<Record<string, unknown>>('AWS::Logs::MetricFilter').filter(({ LogGroupName: name }) =>
    String(name).includes('AccessLogs'),
  );
  return { Type: 'AWS::Logs::MetricFilter', Properties: properties };
}

function ofSeverity(...wanted: readonly Severity[]): string[] {
  // Not of every policy.
  const named = Object.entries(alarmCatalogue).filter(([name]) => !/^(session-revocations|tenants-)/.test(name));
  return named.flatMap(([name, { severity }]) => (wanted.includes(severity) ? [name] : [])).sort();
}

describe('a simulated incident', () => {
  test.each(Object.entries(incidents))('%s is on while it lasts, and off before and afterwards', (name, {
    happens,
    on,
    off,
  }) => {
    const deployment = new Deployment();
    happens(deployment);
    expect(deployment.inAlarm(0)).toEqual([]);
    expect(deployment.inAlarm(on)).toContain(name);
    expect(deployment.inAlarm(off)).not.toContain(name);
  });

  test('is one where the function of tenants crashes, as where any does', () => {
    const deployment = new Deployment();
    deployment.published('AWS/Lambda', 'Errors', functionNamed('EndpointsTenants'), { from: 10, to: 20 });
    expect([9, 18].map((minute) => deployment.inAlarm(minute))).toEqual([
      [],
      expect.arrayContaining([expect.stringMatching(/^function-errors/)]),
    ]);
  });

  test('is told by each alarm that wakes somebody, and by no warning of the same cause', () => {
    const deployment = new Deployment();
    deployment.requests({ from: 0, to: 60, every: 2, as: down });
    const on = deployment.inAlarm(60);
    expect(on).toEqual(expect.arrayContaining(['errors-day-page', 'errors-burn-14', 'dependency-errors']));
    expect(on).toContain('errors-day-warn-measured');
    expect(on).not.toContain('errors-day-warn');
    // A warning alone is told.
    const warned = new Deployment();
    incidents['errors-day-warn'].happens(warned);
    expect(warned.inAlarm(60)).toContain('errors-day-warn');
  });

  test('in which functions crash, and write no line, is one, also where nothing else is answered', () => {
    const crash = (every: number) => {
      const deployment = new Deployment();
      if (every > 1) deployment.requests({ from: 0, to: 20 });
      const crashes = { from: 0, to: 20, rate: 4 / every, value: 1 };
      deployment.published('AWS/Lambda', 'Errors', functionNamed('Token'), crashes);
      return deployment.inAlarm(20).filter((name) => name.startsWith('errors-day-page'));
    };
    expect([crash(100), crash(8), crash(1)]).toEqual([
      [],
      ...Array(2).fill(['errors-day-page', 'errors-day-page-measured']),
    ]);
  });

  test('in which the trail’s writer does not start is told by what it should have read', () => {
    const deployment = new Deployment();
    const writer = { FunctionName: idOf('WritingWriterFunction', 'AWS::Lambda::Function') };
    deployment.published('AWS/Lambda', 'IteratorAge', writer, { from: 0, to: 15, value: 299_000 });
    deployment.published('AWS/Lambda', 'IteratorAge', writer, { from: 15, to: 30, value: 301_000 });
    expect([15, 30].map((minute) => deployment.inAlarm(minute))).toEqual([[], ['audit-lag']]);
  });

  test('in which the API itself throttles is one, though no function was asked', () => {
    const deployment = new Deployment();
    const [filter] = metricFiltersOf({ Resources: { Filter: accessLogFilter() } } as never, (value) => value);
    if (!filter) throw new Error('no metric filter');
    const line = (status: string, gatewayError: string) => filteredDatapoint(filter, { status, gatewayError }, 0);
    expect([line('429', '-'), line('403', 'ACCESS_DENIED'), line('200', '-')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    for (const error of ['THROTTLED', 'WAF_FILTERED']) expect(line('429', error)).toMatchObject({ value: 1 });
    const { namespace, name, dimensions, value } = line('429', 'THROTTLED') ?? expect.fail('no datapoint');
    deployment.requests({ from: 0, to: 20 });
    deployment.published(namespace, name, dimensions, { from: 10, to: 20, value });
    expect([10, 20].map((minute) => deployment.inAlarm(minute))).toEqual([
      [],
      expect.arrayContaining(['throttling-page']),
    ]);
  });

  test('of few requests is none, however many of them fail', () => {
    const few = { from: 0, to: 5, every: 1, as: { kind: 'unavailable', dependency: 'issuer' } as const };
    const errorsIn = (rate: number) => {
      const deployment = new Deployment();
      deployment.requests({ ...few, rate });
      return deployment.inAlarm(5).filter((name) => name.startsWith('errors-'));
    };
    expect([errorsIn(1), errorsIn(12)]).toEqual([[], expect.arrayContaining(['errors-day-page', 'errors-burn-14'])]);
  });

  test('of a stranger whose requests are refused is none, and hides none', () => {
    const deployment = new Deployment();
    deployment.requests({ from: 0, to: 20, rate: 40, every: 1, as: { kind: 'content_type' } });
    expect(deployment.inAlarm(20)).toEqual([]);
    deployment.requests({ from: 0, to: 20, every: 10, as: down });
    expect(deployment.inAlarm(20)).toContain('errors-day-page');
  });

  test('is muted by a datapoint of maintenance for an hour, and then no longer', () => {
    const deployment = new Deployment();
    const namespace = `Cambio/${prefix}`;
    deployment.published(namespace, 'maintenance', {}, { from: 10, to: 11 });
    expect([9, 15, 65, 72].map((minute) => deployment.inAlarm(minute))).toEqual([
      [],
      ['maintenance'],
      ['maintenance'],
      [],
    ]);
    // Looked at each minute, so that nobody waits long for the mute.
    const [maintenance] = alarms.filter(({ AlarmName: name }) => name === `${prefix}-maintenance`);
    expect(maintenance).toMatchObject({ Period: 60, EvaluationPeriods: 60, DatapointsToAlarm: 1 });
    expect(resolvedOf('AWS::CloudWatch::CompositeAlarm')).toContainEqual(
      expect.objectContaining({ ActionsSuppressorWaitPeriod: 60, ActionsSuppressorExtensionPeriod: 60 }),
    );
    const told = resolvedOf<{ AlarmName: string; ActionsSuppressor?: unknown }>('AWS::CloudWatch::CompositeAlarm');
    const muted = told.flatMap(({ AlarmName: name, ActionsSuppressor: by }) =>
      by ? [name.slice(prefix.length + 1)] : [],
    );
    expect(muted.sort()).toEqual(ofSeverity('page'));
    expect(ofSeverity('attack')).toEqual(expect.arrayContaining(['audit-incomplete', 'revocation-latency']));
  });
});

describe('the alarms of a template', () => {
  test('say what it means, what to do and which runbook says more', () => {
    const described = new Map(
      [...alarms, ...composites].map((alarm) => [
        alarm.AlarmName.slice(prefix.length + 1),
        (alarm as unknown as { AlarmDescription: string }).AlarmDescription,
      ]),
    );
    for (const [name, { consequence, action, runbook }] of Object.entries(alarmCatalogue)) {
      expect(described.get(name)).toBe(`Cambio: ${consequence} ${action} docs/runbooks/${runbook}.md`);
    }
    const linked = templateOf({ alarms: { runbooks: 'https://wiki.acme.example/runbooks/' } });
    expect(JSON.stringify(resourcesOf(linked, 'AWS::CloudWatch::CompositeAlarm'))).toContain(
      'https://wiki.acme.example/runbooks/latency.md',
    );
  });

  test('tell the topic, each by itself, whatever else is on', () => {
    const told = templateOf((stack) => ({ alarms: { topic: new Topic(stack, 'Calls') } }));
    const acting = ['AWS::CloudWatch::Alarm', 'AWS::CloudWatch::CompositeAlarm'].flatMap((type) =>
      Object.values(resourcesOf(told, type)).flatMap(({ Properties: { AlarmActions: actions, AlarmName: name } }) =>
        actions ? [String(name).slice('Test-TokenExchange-'.length)] : [],
      ),
    );
    expect(acting.sort()).toEqual(ofSeverity('page', 'warn', 'attack'));
    expect(JSON.stringify(resolvedOf('AWS::CloudWatch::CompositeAlarm'))).not.toContain('AlarmActions');
  });

  test('are not there where they are turned off, nor where nothing is measured', () => {
    for (const props of [{ alarms: false }, { metrics: false }] as const) {
      expect(resourcesOf(templateOf(props), 'AWS::CloudWatch::CompositeAlarm')).toEqual({});
    }
    expect(() => templateOf({ metrics: false, alarms: {} })).toThrow('alarms watch metrics, and metrics is false');
    expect(() => templateOf({ alarms: { leastRequests: 0 } })).toThrow('leastRequests is a whole number above zero');
    expect(() => templateOf({ alarms: { runbooks: 'runbooks' } })).toThrow('"runbooks" is none');
  });

  test('hear of signatures by anybody else, read-only to CloudTrail as they are', () => {
    const rules = resolvedOf<{ State: string; EventPattern?: { detail: Record<string, unknown> } }>(
      'AWS::Events::Rule',
    ).filter(({ EventPattern: pattern }) => pattern?.detail['$or']);
    const patterns = rules.map(({ State: state, EventPattern: pattern }) => {
      expect(state).toBe('ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS');
      expect(pattern?.detail).toMatchObject({ eventName: ['Sign'] });
      // By an alias of one's own, too.
      const { $or = [] } = (pattern?.detail ?? {}) as { readonly $or?: readonly object[] };
      expect($or.map((way) => Object.keys(way).join())).toEqual(['requestParameters', 'resources']);
      return JSON.stringify(pattern);
    });
    const keys = resolvedOf<{ KeyUsage: string }>('AWS::KMS::Key').filter(({ KeyUsage: use }) => use === 'SIGN_VERIFY');
    expect(patterns.join().match(/"suffix"/g)).toHaveLength(2 * keys.length);
    // Each by those that sign what it is for, and by no other function either: tokens, and heads of the trail.
    expect(patterns).toContainEqual(
      expect.stringMatching(/anything-but[^\]]*TokenRole[^\]]*\]\}.*exists.*suffix.*SigningKeysES256/),
    );
    const heads = patterns.find((pattern) => pattern.includes('HeadsKey'));
    expect(heads).toMatch(/anything-but[^\]]*HeadsSignerRole/);
    expect(heads).not.toContain('TokenRole');
  });

  test('hear of keys that rotation made by the function that knows them, whoever signs but those that may', () => {
    const rules = Object.entries(resourcesOf(templateOf(), 'AWS::Events::Rule'));
    const [rule] = rules.flatMap(([id, { Properties }]) => (id.includes('OtherKeys') ? [Properties] : []));
    expect(rule).toMatchObject({
      State: 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS',
      EventPattern: { source: ['aws.kms'], detail: { eventName: ['Sign'] } },
      Targets: [
        {
          // Whoever signs much keeps nobody from /admin/keys.
          Arn: { Ref: expect.stringContaining('JwksLive') },
          InputTransformer: { InputTemplate: '{"resource":"signature","detail":<detail>}' },
        },
      ],
    });
    const roles = (JSON.stringify(rule).match(/"Fn::GetAtt":\["\w+Role/g) ?? []).map(
      (found) => /(?:Endpoints|Heads)(\w+)Role/.exec(found)?.[1],
    );
    expect(roles.sort()).toEqual(['Introspect', 'Revoke', 'Signer', 'StatusLists', 'Token']);
    expect(JSON.stringify(rule)).not.toContain('suffix');
  });

  test('hear of it where anybody else opens a sealed key, or seals it for themselves', () => {
    const rules = Object.entries(resourcesOf(templateOf({ signing: 'envelope' }), 'AWS::Events::Rule'));
    const [sealed] = rules.flatMap(([id, { Properties }]) => (id.includes('Signaturessealed') ? [Properties] : []));
    expect(sealed?.['EventPattern']).toMatchObject({ detail: { eventName: ['Decrypt', 'ReEncrypt'] } });
    const pattern = JSON.stringify(sealed);
    // Those that sign, the seed and rotation.
    const roles = (pattern.match(/"Fn::GetAtt":\["\w+Role/g) ?? []).map(
      (found) => /(?:Endpoints|Keyring)(\w+)Role/.exec(found)?.[1],
    );
    expect(roles.sort()).toEqual(['Introspect', 'Keys', 'Revoke', 'Seed', 'StatusLists', 'Token']);
    // By whatever the call names it.
    expect(pattern.match(/"(?:keyId|sourceKeyId|ARN)":\[\{"suffix":\{"Ref":"[^"]*Wrapping/g)).toHaveLength(3);
    expect(Object.keys(resourcesOf(templateOf(), 'AWS::Events::Rule')).filter((id) => id.includes('sealed'))).toEqual(
      [],
    );
  });

  test('hear of them by a pattern that EventBridge takes, however many keys there are', () => {
    const stack = new Stack();
    const keys = Array.from({ length: 10 }, (_, number) => {
      const id = `0000000${number}-0000-4000-8000-000000000000`;
      return Key.fromKeyArn(stack, id, `arn:aws:kms:ap-southeast-1:111122223333:key/${id}`);
    });
    const signers = ['a', 'b', 'c', 'd'].map((letter) =>
      Role.fromRoleArn(stack, letter, `arn:aws:iam::111122223333:role/${letter.repeat(64)}`),
    );
    const watch = new SignatureWatch(stack, 'Watch', {
      watched: [{ use: 'token', keys, signers }],
      keys: LambdaFunction.fromFunctionArn(stack, 'Keys', 'arn:aws:lambda:eu-west-1:111122223333:function:keys'),
      logRetention: 90,
    });
    const rules = watch.node.children.filter((child) => child instanceof CfnRule);
    const patterns = rules.map(({ eventPattern }) => JSON.stringify(stack.resolve(eventPattern)));
    expect(watch.ruleNames).toHaveLength(2);
    expect(patterns.join().match(/"suffix":"0000000\d-0000-4000-8000-0{12}"/g)).toHaveLength(2 * keys.length);
    for (const pattern of patterns) expect(pattern.length).toBeLessThan(2_048);
  });
});
