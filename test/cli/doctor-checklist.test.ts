// `cambio doctor --checklist`: a deployment and its account in which all is well, and each thing that can be wrong. AWS is a server on
// loopback that answers in the services' own shapes.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type CheckName, checklists, checks } from '../../cli/doctor/checklist.ts';
import { cambioIn, inTheWorld } from './cambio.ts';
import { type FakeServer, fakeServer, type Received, type Reply } from './fake-server.ts';

const servers: FakeServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

type Json = Readonly<Record<string, unknown>>;

/** What a test changes: answers of the server by path, of AWS by operation. */
interface Changes {
  readonly api?: Readonly<Record<string, (received: Received) => Reply>>;
  readonly aws?: Readonly<Record<string, Reply | ((input: Json) => Reply)>>;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly words?: readonly string[];
}

const noStore = { 'cache-control': 'no-store' };
const refusal = (status: number, headers: Readonly<Record<string, string>> = {}): Reply => ({
  status,
  headers: { ...noStore, ...headers },
  body: { error: 'invalid_request', error_description: 'x' },
});
const discoveryOf = ({ headers }: Received): Json => ({
  issuer: `http://${headers.host}`,
  token_endpoint: `http://${headers.host}/token`,
  jwks_uri: `http://${headers.host}/.well-known/jwks.json`,
  id_token_signing_alg_values_supported: ['RS256'],
});
const jwk = (alg: string): Json => ({ kid: `kid-${alg}`, alg, kty: 'EC', use: 'sig' });
const rightKeys: Reply = { body: { keys: [jwk('ES256'), jwk('RS256')] } };

const keyArn = (id: string): string => `arn:aws:kms:eu-west-1:111122223333:key/${id}`;
const taggedKeys = (...keys: readonly (readonly [id: string, keyring: string])[]): readonly Json[] =>
  keys.map(([id, Value]) => ({ ResourceARN: keyArn(id), Tags: [{ Key: 'cambio:keyring', Value }] }));
const getResources = 'ResourceGroupsTaggingAPI_20170126.GetResources';

const api = {
  '/.well-known/oauth-authorization-server': (received: Received): Reply => ({ body: discoveryOf(received) }),
  '/.well-known/openid-configuration': (received: Received): Reply => ({
    body: { ...discoveryOf(received), subject_types_supported: ['public'] },
  }),
  '/.well-known/jwks.json': (): Reply => rightKeys,
  '/token': ({ method }: Received): Reply => (method === 'POST' ? refusal(400) : refusal(405, { allow: 'POST' })),
  '/doctor/no-such-path': (): Reply => refusal(404),
  '/admin/suspensions': ({ headers }: Received): Reply =>
    headers['authorization'] === undefined
      ? { status: 403, body: { message: 'Missing Authentication Token' } }
      : { body: { suspensions: [] } },
  '/admin/decisions/00000000-0000-4000-8000-000000000000': (): Reply => ({ status: 403 }),
  '/admin/keys': (): Reply => ({ body: { keys: [{ kid: 'token.made', key_id: keyArn('key-2') }] } }),
};

const xml = (operation: string, result: string): Reply => ({
  headers: { 'content-type': 'text/xml' },
  body: `<${operation}Response xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><${operation}Result>${result}</${operation}Result><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></${operation}Response>`,
});

interface StackXml {
  readonly base: string;
  readonly status?: string;
  readonly isProtected?: boolean;
  readonly demonstration?: boolean;
}

function stackXml({ base, status = 'UPDATE_COMPLETE', isProtected = true, demonstration = false }: StackXml): Reply {
  const parameter = `<member><ParameterKey>AllowDemonstrationPolicy</ParameterKey><ParameterValue>${demonstration}</ParameterValue></member>`;
  const outputs = [
    ['ExchangeOutputsIssuer1A2B', 'https://id.acme.example'],
    ['ExchangeOutputsApiBase3C4D', base],
    ['ExchangeOutputsTrailBucket5E6F', 'cambio-trail'],
  ].map(([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`);
  return xml(
    'DescribeStacks',
    `<Stacks><member><StackName>Cambio</StackName><Outputs>${outputs.join('')}</Outputs><StackStatus>${status}</StackStatus><Parameters>${parameter}</Parameters><EnableTerminationProtection>${isProtected}</EnableTerminationProtection></member></Stacks>`,
  );
}

const resources = [
  ['AWS::ApiGateway::RestApi', 'abc123'],
  ['AWS::ApiGateway::Stage', 'v1'],
  ['AWS::DynamoDB::GlobalTable', 'Cambio-Records'],
  ['AWS::DynamoDB::Table', 'others-table'],
  ['AWS::KMS::Key', 'key-1'],
  ['AWS::KMS::Key', 'gone', 'DELETE_COMPLETE'],
  ['AWS::CloudWatch::Alarm', 'Cambio-latency'],
  ['AWS::CloudWatch::Alarm', 'Cambio-child'],
  ['AWS::CloudWatch::Alarm', 'Cambio-rollout'],
  ['AWS::CloudWatch::CompositeAlarm', 'Cambio-page'],
  ['AWS::Logs::LogGroup', 'Cambio-Token-Logs'],
] as const;

/** In two pages, as long lists come. */
function resourcesXml(input: Json): Reply {
  const isSecond = input['NextToken'] === 'second & last';
  const page = isSecond ? resources.slice(5) : resources.slice(0, 5);
  const members = page.map(
    ([type, id, status = 'CREATE_COMPLETE']) =>
      `<member><LogicalResourceId>${id.startsWith('others-') ? 'Warehouse' : 'ExchangeThing'}1A</LogicalResourceId><PhysicalResourceId>${id}</PhysicalResourceId><ResourceStatus>${status}</ResourceStatus><ResourceType>${type}</ResourceType></member>`,
  );
  const next = isSecond ? '' : '<NextToken>second &amp; last</NextToken>';
  return xml('ListStackResources', `${next}<StackResourceSummaries>${members.join('')}</StackResourceSummaries>`);
}

const alarm = (name: string, more: Json = {}): Json => ({
  AlarmName: name,
  AlarmDescription: 'What it means: https://git.acme.example/docs/runbooks/x.md',
  ActionsEnabled: true,
  AlarmActions: [],
  StateValue: 'OK',
  ...more,
});
const topic = { AlarmActions: ['arn:aws:sns:eu-west-1:111122223333:on-call'] };
const metricAlarms = (more: Json = {}): readonly Json[] => [
  alarm('Cambio-latency', { ...topic, ...more }),
  alarm('Cambio-child'),
  alarm('Cambio-rollout', { AlarmDescription: undefined }),
];
const page = alarm('Cambio-page', { ...topic, AlarmRule: 'ALARM("Cambio-child")' });

const trail = {
  Name: 'organization',
  TrailARN: 'arn:aws:cloudtrail:eu-west-1:111122223333:trail/organization',
  HomeRegion: 'eu-west-1',
  IsMultiRegionTrail: true,
};
const basicSelectors = (more: Json = {}): Reply => ({
  body: { EventSelectors: [{ ReadWriteType: 'All', IncludeManagementEvents: true, ...more }] },
});
const advancedSelectors = (...fields: readonly Json[]): Reply => ({
  body: {
    AdvancedEventSelectors: [{ FieldSelectors: [{ Field: 'eventCategory', Equals: ['Management'] }, ...fields] }],
  },
});

/** @param ages of heads, in seconds */
const headsXml = (...ages: readonly number[]): Reply => {
  const contents = ages.map(
    (age) =>
      `<Contents><Key>heads/x.head</Key><LastModified>${new Date(Date.now() - age * 1_000).toISOString()}</LastModified></Contents>`,
  );
  return { body: `<ListBucketResult><Name>cambio-trail</Name>${contents.join('')}</ListBucketResult>` };
};

const awsAnswers = (base: string): NonNullable<Changes['aws']> => ({
  DescribeStacks: stackXml({ base: `${base}/` }),
  ListStackResources: resourcesXml,
  'GET /restapis/abc123': {
    body: {
      id: 'abc123',
      policy: '{\\"Effect\\":\\"Deny\\",\\"Resource\\":\\"arn:aws:execute-api:r:a:abc123\\/v1\\/*\\/admin\\/*\\"}',
    },
  },
  'GET /2016-08-19/account-settings': {
    body: { AccountLimit: { ConcurrentExecutions: 1_000, UnreservedConcurrentExecutions: 900 } },
  },
  'DynamoDB_20120810.DescribeTable': ({ TableName }) => ({
    body: { Table: { DeletionProtectionEnabled: TableName === 'Cambio-Records' } },
  }),
  'DynamoDB_20120810.DescribeContinuousBackups': {
    body: {
      ContinuousBackupsDescription: { PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: 'ENABLED' } },
    },
  },
  'TrentService.DescribeKey': {
    body: { KeyMetadata: { KeyId: 'key-1', KeyState: 'Enabled', CreationDate: Date.now() / 1_000 - 10 * 86_400 } },
  },
  // In two pages: the template's, one that rotation made, and another stack's.
  [getResources]: ({ PaginationToken: token }) => ({
    body: token
      ? { PaginationToken: '', ResourceTagMappingList: taggedKeys(['key-2', 'ours'], ['key-3', 'another']) }
      : { PaginationToken: 'more', ResourceTagMappingList: taggedKeys(['key-1', 'ours']) },
  }),
  'com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.DescribeTrails': { body: { trailList: [trail] } },
  'com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.GetTrailStatus': { body: { IsLogging: true } },
  'com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.GetEventSelectors': basicSelectors(),
  'GraniteServiceVersion20100801.DescribeAlarms': { body: { MetricAlarms: metricAlarms(), CompositeAlarms: [page] } },
  'Logs_20140328.DescribeLogGroups': {
    body: { logGroups: [{ logGroupName: 'Cambio-Token-Logs', retentionInDays: 90 }] },
  },
  'GET /cambio-trail': headsXml(600, 1_500),
  'AWSWAF_20190729.GetWebACLForResource': { body: { WebACL: { Name: 'edge' } } },
});

async function doctor(list: string, changes: Changes = {}) {
  const here = await fakeServer({ ...api, ...changes.api });
  const asked: string[] = [];
  const byOperation = { ...awsAnswers(here.url), ...changes.aws };
  const answer = ({ method, path, headers, body, form }: Received): Reply => {
    const target = headers['x-amz-target'];
    const operation = String(target ?? form.get('Action') ?? `${method} ${path}`);
    asked.push(`${operation} ${/\/[\w-]+\/[\w-]+\/aws4_request/.exec(String(headers['authorization']))?.[0]}`);
    const reply = byOperation[operation] ?? { status: 400, body: { __type: 'UnknownOperationException' } };
    if (typeof reply !== 'function') return reply;
    return reply(target === undefined ? Object.fromEntries(form) : JSON.parse(body));
  };
  const paths = ['/', '/cambio-trail', '/restapis/abc123', '/2016-08-19/account-settings'];
  const aws = await fakeServer(Object.fromEntries(paths.map((path) => [path, answer])));
  servers.push(here, aws);
  const credentials = { AWS_ACCESS_KEY_ID: 'AKIAOPERATOR', AWS_SECRET_ACCESS_KEY: 'not-a-secret' };
  const environment = {
    ...{ CAMBIO_URL: here.url, AWS_ENDPOINT_URL: aws.url, AWS_REGION: 'eu-west-1', ...credentials },
    ...changes.environment,
  };
  const words = ['doctor', '--checklist', list, ...(changes.words ?? ['--stack', 'Cambio'])];
  return { asked, ...(await cambioIn(inTheWorld(environment), ...words)) };
}

/** The line of one check, with its advice. */
function lineOf(stdout: string, check: CheckName): string {
  return new RegExp(`^. ${check}: .*(?:\\n {4}.*)?`, 'm').exec(stdout)?.[0] ?? 'no such line';
}

test.each(Object.entries(checklists))('%s: all is well, and every line is looked at', async (name, list) => {
  const { exit, stdout, stderr, asked } = await doctor(name);
  const lines = stdout.split('\n').filter((line) => /^\S/.test(line));
  const wanted = ['server', ...list].map((check) => (check === 'tls' ? '? tls' : `✓ ${check}`));
  expect({ stderr, lines: lines.map((line) => line.split(':')[0]) }).toEqual({ stderr: '', lines: wanted });
  // Of a server on loopback nobody can say that its certificate is trusted: a list with that in it is not done.
  expect(exit).toBe(list.includes('tls') ? 1 : 0);
  expect(asked).toContain('DescribeStacks /eu-west-1/cloudformation/aws4_request');
});

test('the page of the lists has each check where its list has it, and no other', () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/checklists.md'), 'utf8');
  const parts = text.split(/^## /m).slice(1);
  const onPage = parts.map((part) => [
    /^`([a-z-]+)`/.exec(part)?.[1],
    [...part.matchAll(/^\| (`[a-z-]+`(?:, `[a-z-]+`)*) \|/gm)].flatMap(([, names = '']) =>
      [...names.matchAll(/[a-z-]+/g)].map(([check]) => check),
    ),
  ]);
  const { 'pre-production': first = [], production = [], incident } = checklists;
  const rest = production.filter((check) => !first.includes(check));
  expect(Object.fromEntries(onPage)).toEqual({ 'pre-production': first, production: rest, incident });
  expect(Object.keys(checks).filter((check) => !text.includes(`\`${check}\``))).toEqual([]);
});

describe('what is wrong is said, with what to do', () => {
  const key = 'TrentService.DescribeKey';
  const trails = 'com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101';
  const alarms = 'GraniteServiceVersion20100801.DescribeAlarms';
  const keyMetadata = (more: Json): Changes => ({
    aws: {
      [key]: { body: { KeyMetadata: { KeyId: 'key-1', KeyState: 'Enabled', CreationDate: 1_700_000_000, ...more } } },
    },
  });
  const stack = (more: Partial<StackXml>): Changes => ({
    aws: { DescribeStacks: stackXml({ base: 'https://elsewhere.example', ...more }) },
  });
  const selectors = (reply: Reply): Changes => ({ aws: { [`${trails}.GetEventSelectors`]: reply } });
  const discovers = (more: Json): Changes => ({
    api: { '/.well-known/openid-configuration': (got) => ({ body: { ...discoveryOf(got), ...more } }) },
  });
  const publishes = (...keys: readonly Json[]): Changes => ({
    api: { '/.well-known/jwks.json': () => ({ body: { keys } }) },
  });

  test.each<[CheckName, string, Changes, RegExp]>([
    [
      'discovery',
      'two documents that differ',
      discovers({ jwks_uri: 'https://x.example' }),
      /differs: jwks_uri at .*openid-configuration/,
    ],
    ['jwks', 'no key', publishes(), /no key at/],
    ['jwks', 'a private key', publishes({ ...jwk('ES256'), d: 'x' }, jwk('RS256')), /a private key is published/],
    [
      'jwks',
      'a key without a kid',
      publishes({ ...jwk('ES256'), kid: undefined }, jwk('RS256')),
      /1 keys without a kid/,
    ],
    ['jwks', 'a promised algorithm that is not there', publishes(jwk('ES256')), /discovery names RS256/],
    [
      'admin-routes',
      'an open route',
      { api: { '/admin/decisions/00000000-0000-4000-8000-000000000000': () => ({}) } },
      /not refused with 403: \/admin\/decisions/,
    ],
    [
      'errors',
      'HTML',
      { api: { '/token': () => ({ ...refusal(400), headers: { 'content-type': 'text/html' } }) } },
      /POST \/token: no JSON/,
    ],
    [
      'errors',
      'what caches may store',
      { api: { '/doctor/no-such-path': () => ({ status: 404, body: { error: 'x' } }) } },
      /no-such-path: caches may store it/,
    ],
    [
      'errors',
      'a page for what is not there',
      { api: { '/doctor/no-such-path': () => ({}) } },
      /status 200 instead of 404/,
    ],
    ['stack', 'another deployment', stack({}), /its ApiBase is https:\/\/elsewhere/],
    [
      'operators',
      'no resource policy',
      { aws: { 'GET /restapis/abc123': { body: { id: 'abc123' } } } },
      /whoever may invoke the API/,
    ],
    [
      'table',
      'no deletion protection',
      { aws: { 'DynamoDB_20120810.DescribeTable': { body: { Table: {} } } } },
      /Cambio-Records may be deleted/,
    ],
    [
      'table',
      'no recovery',
      { aws: { 'DynamoDB_20120810.DescribeContinuousBackups': { body: {} } } },
      /cannot be had back/,
    ],
    ['signing-keys', 'no enabled key', keyMetadata({ KeyState: 'Disabled' }), /key-1 is Disabled\n.*key-compromise/],
    [
      'signing-keys',
      'a key that is to be deleted',
      keyMetadata({ KeyState: 'PendingDeletion' }),
      /key-1 is PendingDeletion\n.*key-compromise/,
    ],
    ['signing-keys', 'an old key', keyMetadata({}), /days old\n.*key-age/],
    [
      'stray-keys',
      'a key in no keyring',
      {
        aws: {
          [getResources]: {
            body: { ResourceTagMappingList: taggedKeys(['key-1', 'ours'], ['key-2', 'ours'], ['key-9', 'ours']) },
          },
        },
      },
      /in no keyring: arn:[^,]*key-9\n.*schedule-key-deletion/,
    ],
    ['cloudtrail', 'no trail', { aws: { [`${trails}.DescribeTrails`]: { body: { trailList: [] } } } }, /no trail\n/],
    [
      'cloudtrail',
      'a trail of another Region',
      {
        aws: {
          [`${trails}.DescribeTrails`]: {
            body: { trailList: [{ ...trail, IsMultiRegionTrail: false, HomeRegion: 'us-east-1' }] },
          },
        },
      },
      /no trail\n/,
    ],
    [
      'cloudtrail',
      'a trail that is off',
      { aws: { [`${trails}.GetTrailStatus`]: { body: { IsLogging: false } } } },
      /no trail records events of KMS/,
    ],
    [
      'cloudtrail',
      'KMS left out',
      selectors(basicSelectors({ ExcludeManagementEventSources: ['kms.amazonaws.com'] })),
      /no trail records/,
    ],
    ['cloudtrail', 'writes alone', selectors(basicSelectors({ ReadWriteType: 'WriteOnly' })), /no trail records/],
    [
      'cloudtrail',
      'KMS left out by fields',
      selectors(advancedSelectors({ Field: 'eventSource', NotEquals: ['kms.amazonaws.com'] })),
      /no trail records/,
    ],
    [
      'alarms',
      'one that tells nobody',
      { aws: { [alarms]: { body: { MetricAlarms: metricAlarms({ AlarmActions: [] }), CompositeAlarms: [page] } } } },
      /tell nobody: Cambio-latency\n/,
    ],
    [
      'alarms',
      'one that is switched off',
      {
        aws: { [alarms]: { body: { MetricAlarms: metricAlarms({ ActionsEnabled: false }), CompositeAlarms: [page] } } },
      },
      /tell nobody: Cambio-latency\n/,
    ],
    ['audit', 'no head', { aws: { 'GET /cambio-trail': headsXml() } }, /no head was signed/],
    [
      'audit',
      'an old head',
      { aws: { 'GET /cambio-trail': headsXml(1_500, 3_000) } },
      /signed 25 min ago\n.*audit-lag/,
    ],
    [
      'logs',
      'kept for ever',
      { aws: { 'Logs_20140328.DescribeLogGroups': { body: { logGroups: [{ logGroupName: 'Cambio-Token-Logs' }] } } } },
      /kept for ever: Cambio-Token-Logs/,
    ],
  ])('%s: %s', async (check, _what, changes, line) => {
    const list = Object.keys(checklists).find((name) => checklists[name]?.includes(check)) ?? '';
    const { exit, stdout } = await doctor(list, changes);
    expect([exit, lineOf(stdout, check)]).toEqual([1, expect.stringMatching(line)]);
    expect(lineOf(stdout, check)).toMatch(/^✗/);
  });

  test('ringing: an alarm that rings, while the others do not', async () => {
    const answer = { body: { MetricAlarms: metricAlarms({ StateValue: 'ALARM' }), CompositeAlarms: [page] } };
    const { exit, stdout } = await doctor('incident', { aws: { [alarms]: answer } });
    expect([exit, lineOf(stdout, 'ringing')]).toEqual([1, expect.stringMatching(/^✗ ringing: Cambio-latency\n/)]);
  });

  test('a stack that was taken back, may be deleted, or has the demonstration policy', async () => {
    const said = async (more: Partial<StackXml>) => {
      const here = { DescribeStacks: (input: Json) => stackXml({ base: `${input['base']}`, ...more }) };
      // The base is that of the server, which is there only later.
      const { stdout } = await doctor('incident', {
        api: {},
        aws: { DescribeStacks: () => here.DescribeStacks({ base: servers.at(-2)?.url }) },
      });
      return lineOf(stdout, 'stack');
    };
    expect(await said({ status: 'UPDATE_ROLLBACK_COMPLETE' })).toMatch(/^✗ stack: UPDATE_ROLLBACK_COMPLETE\n/);
    expect(await said({ isProtected: false })).toMatch(/^✗ stack: UPDATE_COMPLETE, and anybody may delete it/);
    expect(await said({ demonstration: true })).toMatch(/^✗ stack: it may have the demonstration policy/);
    expect(await said({})).toMatch(/^✓ stack: UPDATE_COMPLETE, protected/);
  });
});

test('trails that record KMS by fields, and an API without WAF, are well', async () => {
  const selectors = 'com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.GetEventSelectors';
  const byFields = advancedSelectors({ Field: 'eventSource', NotEquals: ['rdsdata.amazonaws.com'] });
  const { stdout } = await doctor('production', {
    aws: { [selectors]: byFields, 'AWSWAF_20190729.GetWebACLForResource': { body: {} } },
  });
  expect(lineOf(stdout, 'cloudtrail')).toBe('✓ cloudtrail: organization records KMS');
  expect(lineOf(stdout, 'waf')).toMatch(/^✓ waf: none is in front of the API\n {4}a flood/);
});

test('a trail that is not ours to look at hides no other that records, and alone it cannot be looked at', async () => {
  const trails = 'com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101';
  const others = { ...trail, Name: 'others', TrailARN: 'arn:aws:cloudtrail:eu-west-1:999999999999:trail/others' };
  const selectors = (input: Json): Reply =>
    input['TrailName'] === others.TrailARN
      ? { status: 400, body: { __type: 'AccessDeniedException', Message: 'not yours' } }
      : basicSelectors();
  const said = async (...trailList: readonly Json[]) => {
    const answers = {
      [`${trails}.DescribeTrails`]: { body: { trailList } },
      [`${trails}.GetEventSelectors`]: selectors,
    };
    return lineOf((await doctor('production', { aws: answers })).stdout, 'cloudtrail');
  };
  expect(await said(others, trail)).toBe('✓ cloudtrail: organization records KMS');
  expect(await said(others)).toBe('? cloudtrail: not looked at: cloudtrail:GetEventSelectors: not yours');
});

test('a key that rotation made and that has ended, or whose keyring is not ours to read, is no stray one', async () => {
  const two = { body: { ResourceTagMappingList: taggedKeys(['key-1', 'ours'], ['key-9', 'ours']) } };
  const ended = ({ KeyId: id }: Json): Reply => ({
    body: { KeyMetadata: { KeyState: id === keyArn('key-9') ? 'PendingDeletion' : 'Enabled', CreationDate: 4e9 } },
  });
  const aws = { [getResources]: two, 'TrentService.DescribeKey': ended };
  const said = async (changes: Changes) => lineOf((await doctor('production', changes)).stdout, 'stray-keys');
  expect(await said({ aws })).toBe('✓ stray-keys: none of 1 keys that the template does not have');
  expect(await said({ aws, api: { '/admin/keys': () => ({ status: 403 }) } })).toMatch(
    /^\? stray-keys: not looked at: not allowed: IAM has to let you call execute-api:Invoke on GET \/admin\/keys/,
  );
});

describe('what cannot be looked at says why, and is no success', () => {
  test('without credentials, without --stack, without the right', async () => {
    const nobody = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined };
    const anonymous = await doctor('incident', { environment: nobody });
    expect([anonymous.exit, lineOf(anonymous.stdout, 'stack')]).toEqual([
      1,
      '? stack: not looked at: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
    ]);
    expect(anonymous.asked).toEqual([]);
    const unnamed = await doctor('incident', { words: [] });
    expect(lineOf(unnamed.stdout, 'ringing')).toMatch(/^\? ringing: not looked at: --stack NAME says/);
    const denied: Reply = { status: 400, body: { __type: 'AccessDeniedException', Message: 'not authorized' } };
    const refused = await doctor('incident', { aws: { 'TrentService.DescribeKey': denied } });
    expect(refused.exit).toBe(1);
    expect(lineOf(refused.stdout, 'signing-keys')).toBe(
      '? signing-keys: not looked at: kms:DescribeKey: not authorized',
    );
    expect(lineOf(refused.stdout, 'ringing')).toMatch(/^✓/);
  });

  test('a local stack has no account, unless an endpoint says whose', async () => {
    const { stdout, asked } = await doctor('incident', { environment: { AWS_ENDPOINT_URL: undefined } });
    expect(lineOf(stdout, 'stack')).toBe('? stack: not looked at: a local stack has no account of AWS');
    expect(asked).toEqual([]);
  });

  test('a server that cannot be reached is exit 3, and AWS is asked all the same', async () => {
    const gone = await fakeServer({});
    await gone.close();
    const { exit, stdout } = await doctor('incident', { environment: { CAMBIO_URL: gone.url } });
    expect(exit).toBe(3);
    expect(lineOf(stdout, 'discovery')).toMatch(/^\? discovery: not looked at: the server has no discovery document/);
    expect(lineOf(stdout, 'ringing')).toMatch(/^✓/);
  });
});

test('--json has every finding, and nothing else is printed', async () => {
  const { exit, stdout } = await doctor('incident', { words: ['--stack', 'Cambio', '--json'] });
  const { findings } = JSON.parse(stdout) as { readonly findings: readonly Json[] };
  expect(exit).toBe(0);
  expect(findings.map(({ what }) => what)).toEqual(['server', ...(checklists['incident'] ?? [])]);
  expect(findings[1]).toEqual({ what: 'discovery', state: 'well', found: expect.stringMatching(/^the same at/) });
  const unknownOnes = JSON.parse((await doctor('incident', { words: ['--json'] })).stdout);
  expect(unknownOnes.findings).toContainEqual({
    ...{ what: 'stack', state: 'unknown', found: '--stack NAME says which stack of CloudFormation it is' },
  });
});

test('shells complete the lists that there are', async () => {
  const { stdout } = await cambioIn({}, 'completion', 'fish');
  const [, offered = ''] = /-l checklist .*-a '([^']*)'/.exec(stdout) ?? [];
  expect(offered.split(' ')).toEqual(Object.keys(checklists));
});

test('a list that there is none of, and --stack without a list, are wrong usage', async () => {
  expect(await doctor('launch')).toMatchObject({
    exit: 2,
    stderr: expect.stringContaining('--checklist takes one of pre-production'),
  });
  const words = ['doctor', '--stack', 'Cambio'];
  expect(await cambioIn(inTheWorld({}), ...words)).toMatchObject({
    exit: 2,
    stderr: expect.stringContaining('--stack belongs'),
  });
});
