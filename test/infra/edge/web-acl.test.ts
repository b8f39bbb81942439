import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { RestApi } from 'aws-cdk-lib/aws-apigateway';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { expect, test } from 'vitest';
import { checkWebAcl, WebAcl, type WebAclOptions } from '../../../infra/edge/web-acl.ts';
import { PropsError } from '../../../infra/props-error.ts';
import { type Json, referencesOf, resourcesOf, templateOf } from '../synthesized.ts';

type Members = Readonly<Record<string, Json>>;

/** The one resource of a type. */
function one(template: ReturnType<typeof templateOf>, type: string): Members {
  const [resource, ...more] = Object.values(resourcesOf(template, type));
  expect(more).toEqual([]);
  return resource?.Properties ?? {};
}

const template = templateOf({ webAcl: {} });

/** In front of an API that has nothing else. */
function aclOf(options: WebAclOptions): Members {
  const stack = new Stack(new App({ analyticsReporting: false }));
  const api = new RestApi(stack, 'Api');
  api.root.addMethod('GET');
  new WebAcl(stack, 'WebAcl', { ...options, stage: api.deploymentStage, logRetention: RetentionDays.ONE_WEEK });
  return one(Template.fromStack(stack), 'AWS::WAFv2::WebACL');
}

const acl = one(template, 'AWS::WAFv2::WebACL');
const ruleOf = (of: Members, name: string): Members =>
  (of['Rules'] as readonly Members[]).find((rule) => rule['Name'] === name) ?? {};
const countedBy = (of: Members, group: string): readonly string[] => {
  const { ManagedRuleGroupStatement } = ruleOf(of, group)['Statement'] as Record<string, Members>;
  const overrides = ManagedRuleGroupStatement?.['RuleActionOverrides'] as readonly Members[];
  expect(overrides.map(({ ActionToUse }) => ActionToUse)).toEqual(overrides.map(() => ({ Count: {} })));
  return overrides.map(({ Name }) => String(Name));
};

test('nothing of the edge is there unless it is asked for; then the web ACL it is in front of the stage', () => {
  const without = templateOf();
  for (const type of ['WAFv2::WebACL', 'ApplicationAutoScaling::ScalableTarget', 'EC2::VPCEndpoint']) {
    expect(resourcesOf(without, `AWS::${type}`)).toEqual({});
  }
  const { ResourceArn, WebACLArn } = one(template, 'AWS::WAFv2::WebACLAssociation');
  const [stage = ''] = Object.keys(resourcesOf(template, 'AWS::ApiGateway::Stage'));
  expect(referencesOf(ResourceArn)).toContain(stage);
  expect(referencesOf(WebACLArn)).toEqual(Object.keys(resourcesOf(template, 'AWS::WAFv2::WebACL')));
  expect(acl).toMatchObject({ Scope: 'REGIONAL', DefaultAction: { Allow: {} } });
});

test('it reads bodies up to 64 KB, and those over 8 KB are counted, not refused', () => {
  expect(acl['AssociationConfig']).toEqual({
    RequestBody: { API_GATEWAY: { DefaultSizeInspectionLimit: 'KB_64' } },
  });
  expect(countedBy(acl, 'AWSManagedRulesCommonRuleSet')).toContain('SizeRestrictions_BODY');
});

test('no rule over bodies of the common group refuses, and those over paths and cookies do', () => {
  const ofBodies = ['SizeRestrictions', 'EC2MetaDataSSRF', 'GenericLFI', 'GenericRFI', 'CrossSiteScripting'];
  const counted = countedBy(acl, 'AWSManagedRulesCommonRuleSet');
  expect(counted.filter((name) => name.endsWith('_BODY')).sort()).toEqual(
    ofBodies.map((name) => `${name}_BODY`).sort(),
  );
  expect(counted.filter((name) => /COOKIE|Cookie/.test(name))).toEqual([]);
  for (const refusing of ['UserAgent_BadBots_HEADER', 'GenericLFI_URIPATH', 'CrossSiteScripting_URIPATH']) {
    expect(counted).not.toContain(refusing);
  }
  expect(countedBy(acl, 'AWSManagedRulesKnownBadInputsRuleSet')).toEqual([]);
});

test('no group refuses hosting providers or programs, which CI runners are', () => {
  expect((acl['Rules'] as readonly Members[]).map(({ Name }) => Name)).toEqual([
    'rate',
    'AWSManagedRulesAmazonIpReputationList',
    'AWSManagedRulesKnownBadInputsRuleSet',
    'AWSManagedRulesCommonRuleSet',
  ]);
  const priorities = (acl['Rules'] as readonly Members[]).map(({ Priority }) => Priority);
  expect(new Set(priorities).size).toBe(priorities.length);
});

test('an address over its rate gets 429 as every other caller does, and fetching documents is not counted', () => {
  const { Statement, Action } = ruleOf(acl, 'rate') as Record<string, Members>;
  expect(Statement?.['RateBasedStatement']).toMatchObject({ Limit: 6_000, AggregateKeyType: 'IP' });
  const searched = JSON.stringify(Statement).match(/"SearchString":"[^"]+"/g);
  expect(searched).toEqual(['"SearchString":"/.well-known/"', '"SearchString":"/status-lists/"']);
  expect(Action).toMatchObject({
    Block: { CustomResponse: { ResponseCode: 429, CustomResponseBodyKey: 'too-many-requests' } },
  });
  expect(JSON.stringify(Action)).toContain('{"Name":"Retry-After","Value":"60"}');
  expect(JSON.stringify(Action)).toContain('{"Name":"Cache-Control","Value":"no-store"}');
  const bodies = acl['CustomResponseBodies'] as Record<string, { readonly Content: string }>;
  expect(JSON.parse(bodies['too-many-requests']?.Content ?? '')).toMatchObject({ error: 'slow_down' });
  const rate = ruleOf(aclOf({ rateLimit: 100 }), 'rate');
  expect(JSON.stringify(rate)).toContain('"Limit":100');
});

test('with countOnly nothing is refused, and all is counted', () => {
  const rules = (of: Members) => of['Rules'] as readonly Members[];
  const actionsOf = (of: Members) =>
    rules(of).map(({ Action, OverrideAction }) => Object.keys(Action ?? OverrideAction ?? {}));
  expect(actionsOf(acl).flat()).toEqual(['Block', 'None', 'None', 'None']);
  expect(actionsOf(aclOf({ countOnly: true })).flat()).toEqual(['Count', 'Count', 'Count', 'Count']);
});

test('its log has no header, query, path or body, and what a rule found in one is not quoted', () => {
  const logging = one(template, 'AWS::WAFv2::LoggingConfiguration');
  const redacted = JSON.stringify(logging['RedactedFields']);
  for (const field of ['{"UriPath":{}}', '{"QueryString":{}}', '{"Name":"authorization"}', '{"Name":"dpop"}']) {
    expect(redacted).toContain(field);
  }
  const { DataProtections } = acl['DataProtectionConfig'] as Record<string, readonly Members[]>;
  expect(DataProtections?.map(({ Field }) => Field)).toEqual(
    ['BODY', 'QUERY_STRING', 'SINGLE_HEADER'].map((FieldType) => ({ FieldType })),
  );
  for (const { Action, ExcludeRuleMatchDetails } of DataProtections ?? []) {
    expect([Action, ExcludeRuleMatchDetails]).toEqual(['SUBSTITUTION', false]);
  }
  expect(JSON.stringify(acl).match(/"SampledRequestsEnabled":true/g)).toBeNull();
  expect(logging['LoggingFilter']).toMatchObject({ DefaultBehavior: 'DROP' });
});

test('its log group has the name that WAF wants, is kept, and outlives a stack that is made anew', () => {
  const [group] = Object.values(resourcesOf(template, 'AWS::Logs::LogGroup')).filter(({ Properties }) =>
    JSON.stringify(Properties).includes('aws-waf-logs'),
  );
  expect(group).toMatchObject({ DeletionPolicy: 'Retain', Properties: { RetentionInDays: 90 } });
  const name = JSON.stringify(group?.Properties['LogGroupName']);
  expect(name).toMatch(/aws-waf-logs-[0-9a-f]{8}/);
  expect(name).toContain('AWS::StackId');
});

test('a rate that WAF does not know is refused in one line', () => {
  for (const rateLimit of [9, 0, 10.5, Number.NaN]) {
    expect(() => checkWebAcl({ rateLimit })).toThrow(PropsError);
    expect(() => checkWebAcl({ rateLimit })).toThrow(/^rateLimit of webAcl is a whole number[^\n]*$/);
  }
  expect(() => checkWebAcl({ rateLimit: 10 })).not.toThrow();
  expect(() => checkWebAcl({})).not.toThrow();
});
