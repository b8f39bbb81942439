// Who gets to the administrators' routes: the API's resource policy together with what IAM allows the caller.
import { App, Stack } from 'aws-cdk-lib';
import { describe, expect, test } from 'vitest';
import { apiPolicy } from '../../../infra/api/api-policy.ts';
import { resourcesOf, templateOf } from '../synthesized.ts';

type Synthesized = ReturnType<typeof templateOf>;

interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal?: { readonly AWS: string };
  readonly Action: string;
  readonly Resource: string;
  readonly Condition?: { readonly StringNotEquals: { readonly 'aws:PrincipalArn': string | readonly string[] } };
}

interface Call {
  readonly resource: string;
  /** Of the role behind the session; undefined for a caller that did not sign. */
  readonly principal?: string;
  /** What the caller's own account lets it do. */
  readonly identity?: readonly Statement[];
}

const account = '111122223333';
const own = `arn:aws:iam::${account}:role/ops`;
const partner = 'arn:aws:iam::999999999999:role/ops';
const policy = (...operators: readonly string[]): readonly Statement[] =>
  (
    new Stack(new App({ analyticsReporting: false })).resolve(apiPolicy(operators, 'live')) as {
      Statement: Statement[];
    }
  ).Statement;

/** IAM's star crosses slashes. API Gateway writes the ARN of the API before what stands here. */
function covers({ Resource }: Statement, resource: string): boolean {
  const parts = Resource.replace(/^execute-api:/, '').split('*');
  return new RegExp(`^${parts.map((part) => part.replaceAll('.', '\\.')).join('.*')}$`).test(resource);
}

/** A negated operator holds for a key that is not there. */
function applies(statement: Statement, { resource, principal }: Call): boolean {
  const but = statement.Condition?.StringNotEquals['aws:PrincipalArn'] ?? [];
  return covers(statement, resource) && !(principal !== undefined && [but].flat().includes(principal));
}

/**
 * As API Gateway decides: a Deny of either wins; within the account either Allow is enough, across accounts both are
 * needed; who did not sign has the resource policy alone.
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html
 */
function mayCall(resourcePolicy: readonly Statement[], call: Call): boolean {
  const { principal, identity = [] } = call;
  const [ofResource, ofIdentity] = [resourcePolicy, identity].map((statements) => {
    const fitting = statements.filter((statement) => applies(statement, call));
    if (fitting.some(({ Effect }) => Effect === 'Deny')) return 'deny';
    return fitting.length > 0 ? 'allow' : 'silent';
  });
  if (ofResource === 'deny' || ofIdentity === 'deny') return false;
  if (principal === undefined) return ofResource === 'allow';
  const isOwn = principal.startsWith(`arn:aws:iam::${account}:`);
  return isOwn ? [ofResource, ofIdentity].includes('allow') : ofResource === 'allow' && ofIdentity === 'allow';
}

const everything: readonly Statement[] = [{ Effect: 'Allow', Action: 'execute-api:*', Resource: '*' }];
const administering = [
  '/live/POST/admin/revocations',
  '/live/GET/admin/decisions/00000000-0000-4000-8000-000000000000',
  '/live/PUT/admin/suspensions/issuer/acme/github',
  // Should a path be judged as it was sent.
  '/live/POST//admin/revocations',
  '/live/POST/admin/revocations/',
];

describe('with operators', () => {
  const guarded = policy(own, partner);

  test.each(
    administering,
  )('%s is for the operators, of this account and of others, and for nobody else', (resource) => {
    const as = (principal: string, identity = everything) => mayCall(guarded, { resource, principal, identity });
    expect(as(own)).toBe(true);
    expect(as(partner)).toBe(true);
    expect(as(`arn:aws:iam::${account}:role/other`)).toBe(false);
    expect(as(`arn:aws:iam::${account}:user/admin`)).toBe(false);
    expect(as('arn:aws:iam::999999999999:role/other')).toBe(false);
    expect(mayCall(guarded, { resource })).toBe(false);
    // Its own account has to let an operator of another account, too.
    expect(as(partner, [])).toBe(false);
  });

  test.each([
    '/live/POST/token',
    '/live/GET/credentials',
    '/live/GET/.well-known/openid-configuration',
    '/live/GET/status-lists/es256-1-0',
    '/live/GET/no/such/path',
    '/live/GET/',
  ])('%s is for everybody, signed or not', (resource) => {
    expect(mayCall(guarded, { resource })).toBe(true);
    expect(mayCall(guarded, { resource, principal: `arn:aws:iam::${account}:role/other` })).toBe(true);
  });

  test('and with an empty list of them the routes are for nobody', () => {
    const resource = '/live/POST/admin/revocations';
    expect(mayCall(policy(), { resource, principal: own, identity: everything })).toBe(false);
    expect(mayCall(policy(), { resource: '/live/POST/token' })).toBe(true);
  });
});

test('without operators whoever IAM lets invoke the API may revoke', () => {
  const resource = '/live/POST/admin/revocations';
  const other = `arn:aws:iam::${account}:role/other`;
  expect(mayCall([], { resource, principal: other, identity: everything })).toBe(true);
  expect(mayCall(policy(own), { resource, principal: other, identity: everything })).toBe(false);
});

test('synth warns without operators; with them the API has the policy, in force with the deployment that brings it', () => {
  const apiOf = (template: Synthesized) =>
    Object.values(resourcesOf(template, 'AWS::ApiGateway::RestApi'))[0]?.Properties;
  const stacks: Stack[] = [];
  const [without, guarded] = [{}, { operators: [own] }].map((props) =>
    templateOf((stack) => {
      stacks.push(stack);
      return props;
    }),
  ) as [Synthesized, Synthesized];
  const warnings = stacks.map((stack) => JSON.stringify(stack.node.findChild('TokenExchange').node.metadata));
  expect(warnings[0]).toContain('whoever IAM lets invoke this API may revoke');
  expect(warnings[1]).not.toContain('may revoke');
  expect(apiOf(without)).not.toHaveProperty('Policy');
  expect(apiOf(guarded)?.['Policy']).toMatchObject({ Statement: policy(own) });
  const deploymentOf = (template: Synthesized) => Object.keys(resourcesOf(template, 'AWS::ApiGateway::Deployment'));
  expect(deploymentOf(guarded)).not.toEqual(deploymentOf(without));
});
