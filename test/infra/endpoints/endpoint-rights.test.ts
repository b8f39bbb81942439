// Rights that the functions have only under a policy that needs them.
import { describe, expect, test } from 'vitest';
import type { PolicyArtifact } from '../../../shared/policy/compiled-policy.ts';
import { artifact, githubIssuer, type Json, ordersAudience, resourcesOf, templateOf } from '../synthesized.ts';

interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource: Json;
  readonly Condition?: { readonly 'ForAllValues:StringLike'?: { readonly 'dynamodb:LeadingKeys': readonly string[] } };
}

/** `action on items`, for every right on the table or its index; `kms:Sign` beside them. */
function rightsOf(name: string, changes: Partial<PolicyArtifact> = {}): readonly string[] {
  const template = templateOf({ policy: { artifact: { ...artifact, ...changes }, values: {} } });
  const policies = Object.entries(resourcesOf(template, 'AWS::IAM::Policy'));
  const statements = policies
    .filter(([id]) => id.startsWith(`TokenExchangeEndpoints${name}Role`))
    .flatMap(([, { Properties }]) => (Properties['PolicyDocument'] as unknown as { Statement: Statement[] }).Statement);
  return statements.flatMap((statement) => [statement.Action].flat().flatMap((action) => shown(action, statement)));
}

function shown(action: string, { Resource, Condition }: Statement): readonly string[] {
  if (action === 'kms:Sign') return [action];
  if (!action.startsWith('dynamodb:')) return [];
  const index = JSON.stringify(Resource).includes('/index/listed') ? ['index listed'] : [];
  const items = Condition?.['ForAllValues:StringLike']?.['dynamodb:LeadingKeys'] ?? index;
  return [`${action} on ${items.join()}`];
}

const listed = { audiences: { 'orders-api': { ...ordersAudience, status: true as const } } };
const told = { issuers: { github: { ...githubIssuer, events: { audience: 'https://cambio.example/events' } } } };

describe('Status Lists', () => {
  test('are signed, counted and queried for where an audience has them', () => {
    expect(rightsOf('StatusLists', listed)).toEqual([
      'kms:Sign',
      'dynamodb:GetItem on *#keyring',
      'dynamodb:GetItem on *#status-series#*',
      'dynamodb:Query on index listed',
    ]);
    expect(rightsOf('StatusLists')).toEqual(['dynamodb:GetItem on *#status-series#*']);
  });

  test('have their positions counted by the token function, which cannot query', () => {
    const counts = 'dynamodb:UpdateItem on *#status-series#*';
    expect(rightsOf('Token', listed)).toContain(counts);
    expect(rightsOf('Token')).not.toContain(counts);
    expect(rightsOf('Token', listed).join()).not.toContain('Query');
  });
});

test('exchanges are counted by the token function, and by no other', () => {
  const counts = ['dynamodb:GetItem on *#quota#*', 'dynamodb:UpdateItem on *#quota#*'];
  expect(rightsOf('Token')).toEqual(expect.arrayContaining(counts));
  for (const name of ['Introspect', 'Revoke', 'Decisions']) expect(rightsOf(name).join()).not.toContain('#quota#');
});

test('events are turned into revocations where an issuer sends them, by a function that reads nothing but suspensions', () => {
  expect(rightsOf('Events', told)).toEqual([
    'dynamodb:PutItem on *#revoked#*',
    'dynamodb:BatchGetItem on *#suspended#*',
    'dynamodb:PutItem on *#used#*',
    'dynamodb:UpdateItem on *#used#*',
  ]);
  expect(rightsOf('Events')).toEqual([]);
});

test('an issuer that is asked lets every function that verifies its tokens sign, to say who asks', () => {
  const introspection = {
    url: 'https://idp.example/introspect',
    client: 'cambio',
    cache: 0,
    network: 'public',
  } as const;
  const asked = { issuers: { github: { ...githubIssuer, introspection } } };
  for (const name of ['Token', 'Introspect', 'Revoke']) {
    expect(rightsOf(name, asked)).toContain('kms:Sign');
    expect(rightsOf(name, asked)).toContain('dynamodb:GetItem on *#keyring');
  }
  expect(rightsOf('Revoke')).not.toContain('kms:Sign');
});
