// The item of a decision: what is read of it is what was written, in whatever form, and it is small.
import { hash, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compilePolicyFiles } from '../../../../infra/policy/compile-policy.ts';
import { profiles } from '../../../../infra/policy/profiles/registry.ts';
import type { Item } from '../../../../shared/aws/dynamodb.ts';
import { bytesOf, decisionItem, decisionOf, writeUnit } from '../../../../shared/aws/records/stored-decision.ts';
import { type DecisionInput, decisionRecord } from '../../../../shared/oauth/decision/decision-record.ts';
import { tokenTypes } from '../../../../shared/oauth/token-types.ts';
import { evaluatePolicy, indexRules } from '../../../../shared/policy/evaluate.ts';
import { now } from '../../../world.ts';

/** Members that are undefined are gone. */
const plain = (record: unknown): unknown => JSON.parse(JSON.stringify(record));

const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean());
const token = fc.record({
  issuer: fc.record({
    name: fc.constantFrom('okta', 'github'),
    claims: fc.constant({ sub: 'string', jti: 'string', email: 'string', groups: 'list' } as const),
    private: fc.constantFrom([], ['email'], ['sub']),
  }),
  claims: fc.dictionary(
    fc.constantFrom('sub', 'jti', 'email', 'groups'),
    fc.oneof(scalar, fc.array(fc.string({ maxLength: 900 }), { maxLength: 4 })),
  ),
});
const presented = fc.option(
  fc.record({ verified: token, sha256: fc.stringMatching(/^[0-9a-f]{64}$/) }, { requiredKeys: [] }),
  { nil: undefined },
);
const condition = fc.record(
  {
    name: fc.string(),
    wanted: fc.array(scalar, { maxLength: 3 }),
    got: fc.oneof(scalar, fc.array(fc.string()), fc.constant(undefined)),
    matched: fc.boolean(),
    hint: fc.string(),
  },
  { requiredKeys: ['name', 'wanted', 'got', 'matched'] },
);
const optional = (text: fc.Arbitrary<string>) => fc.option(text, { nil: undefined });
const session = fc.record({
  roleArn: fc.string(),
  name: fc.string(),
  durationSeconds: fc.nat(),
  tags: fc.array(fc.string()),
  dropped: fc.constant([]),
  packedPolicySize: fc.option(fc.nat(100), { nil: undefined }),
});
const issued = fc.record(
  {
    exp: fc.constant(now + 300),
    sub: fc.string(),
    clientId: fc.string(),
    audience: fc.string(),
    scope: optional(fc.string()),
    family: optional(fc.uuid()),
    session,
  },
  { requiredKeys: ['exp', 'sub', 'clientId', 'audience', 'scope'] },
);
const digits = (count: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${count}}$`));
const input: fc.Arbitrary<DecisionInput> = fc.record({
  decisionId: fc.uuid(),
  attempt: fc.uuid(),
  correlation: optional(digits(32)),
  at: fc.constant(now),
  retention: fc.constant(86_400),
  policyHash: fc.string(),
  ending: fc.oneof(
    issued.map((facts) => ({ outcome: 'granted', issued: facts }) as const),
    fc.constant({ outcome: 'refused', error: 'invalid_target', reason: 'no_rule' } as const),
    fc.string().map((detail) => ({ outcome: 'refused', error: 'x', reason: 'sts', detail }) as const),
  ),
  request: fc.option(
    fc.record({
      audiences: fc.array(fc.string()),
      resources: fc.array(fc.string()),
      scope: fc.option(fc.array(fc.string()), { nil: undefined }),
      client: optional(fc.string()),
    }),
    { nil: undefined },
  ),
  subject: presented,
  actor: presented,
  rule: optional(fc.string()),
  rules: fc.array(
    fc.record({ id: fc.string(), matched: fc.boolean(), conditions: fc.array(condition, { maxLength: 4 }) }),
    { maxLength: 12 },
  ),
});

describe('the item of a decision', () => {
  test('is read as it was written, short or deflated', () => {
    const forms = new Set<string>();
    fc.assert(
      fc.property(input, (one) => {
        const made = decisionRecord(one);
        const record = { ...made, sha256: { ...made.sha256, issued: 'ab'.repeat(32) } };
        const item = plain(decisionItem(record, true)) as Item;
        for (const form of Object.keys(item['doc'] ?? {})) forms.add(form);
        expect(plain(decisionOf(record.decisionId, item))).toEqual(plain(record));
      }),
    );
    expect([...forms].sort()).toEqual(['B', 'S']);
  });

  test('that a former version wrote is read alike', () => {
    const text = (value: unknown) => ({ S: JSON.stringify(value) });
    const common = {
      pk: { S: '#decision#d-1' },
      attempt: { S: 'a-1' },
      at: { N: String(now) },
      expiresAt: { N: String(now + 86_400) },
      policyHash: { S: 'h' },
      rulesOmitted: { N: '3' },
      request: text({ audiences: ['orders-api'], resources: [], scope: ['read'], client: 'orders' }),
      rules: text([{ id: 'r', matched: true, conditions: [{ name: 'x', wanted: ['1'], got: '1', matched: true }] }]),
      subjectToken: text({ issuer: 'okta', sub: 'u', claims: { sub: 'u' }, hashed: { email: 'h' }, omitted: ['*'] }),
      actorToken: text({ issuer: 'eks', claims: {}, hashed: {}, omitted: [] }),
    };
    const expected = {
      decisionId: 'd-1',
      attempt: 'a-1',
      at: now,
      expiresAt: now + 86_400,
      policyHash: 'h',
      trace: {
        rules: [{ id: 'r', matched: true, conditions: [{ name: 'x', wanted: ['1'], got: '1', matched: true }] }],
        omitted: 3,
      },
      request: { audiences: ['orders-api'], resources: [], scope: ['read'], client: 'orders' },
      subject: { issuer: 'okta', sub: 'u', claims: { sub: 'u' }, hashed: { email: 'h' }, omitted: ['*'] },
      actor: { issuer: 'eks', claims: {}, hashed: {}, omitted: [] },
    };
    const session = { roleArn: 'arn', name: 'n', durationSeconds: 900, tags: [], dropped: [], packedPolicySize: 6 };
    const issued = {
      exp: now + 300,
      sub: 'okta|u',
      clientId: 'orders',
      audience: 'deploy',
      scope: 'read',
      family: 'f',
    };
    const { exp, ...texts } = issued;
    const granted: Item = {
      ...common,
      outcome: { S: 'granted' },
      rule: { S: 'r' },
      exp: { N: String(exp) },
      ...Object.fromEntries(Object.entries(texts).map(([name, value]) => [name, { S: value }])),
      session: text(session),
    };
    expect(plain(decisionOf('d-1', granted))).toEqual({
      ...expected,
      rule: 'r',
      ending: { outcome: 'granted', issued: { ...issued, session } },
    });
    const refused = { outcome: 'refused', error: 'invalid_target', reason: 'sts', detail: 'AccessDenied' };
    const ended = Object.fromEntries(Object.entries(refused).map(([name, value]) => [name, { S: value }]));
    expect(plain(decisionOf('d-1', { ...common, ...ended }))).toEqual({ ...expected, ending: refused });
  });

  test.each(
    [...profiles.values()].map((profile) => [profile.name, profile] as const),
  )('of a token of %s, as the vendor makes it, is one write', (name, profile) => {
    const audience = 'https://sts.acme.example';
    const claims = profile.sample({ issuer: 'https://ci.acme.example', audience, now });
    const { artifact, diagnostics } = compilePolicyFiles([
      {
        path: 'policy.yaml',
        text: `version: 1
issuers: { ci: { url: https://ci.acme.example, audience: ${audience}, claims: ${name} } }
audiences: { orders-api: { scopes: [orders:read, orders:write] } }
rules:
  - { id: orders-from-ci, from: ci, match: { sub: ${JSON.stringify(claims['sub'])} }, grant: { audience: orders-api, scopes: [orders:read] } }
  - { id: never, from: ci, match: { sub: nobody }, deny: true }
`,
      },
    ]);
    const issuer = artifact?.issuers['ci'];
    if (!issuer) return expect.fail(JSON.stringify(diagnostics));
    const request = { audiences: ['orders-api'], resources: [], scope: undefined };
    const asked = { ...request, scopes: [], requestedTokenType: tokenTypes.accessToken };
    const question = { issuer: 'ci', claims, audience: 'orders-api', client: '', request: asked, now };
    const { trace } = evaluatePolicy(indexRules(artifact.rules), question);
    const digest = hash('sha256', name);
    const record = decisionRecord({
      ...{ decisionId: randomUUID(), attempt: randomUUID(), at: now, retention: 2_592_000 },
      correlation: digest.slice(32),
      policyHash: artifact.hash,
      ending: {
        outcome: 'granted',
        issued: {
          ...{ exp: now + 300, clientId: 'ci', audience: 'orders-api', scope: 'orders:read' },
          sub: `ci|${claims['sub']}`,
        },
      },
      request: { ...request, requestedTokenType: tokenTypes.accessToken },
      subject: { verified: { issuer, claims }, sha256: digest },
      rule: 'orders-from-ci',
      rules: trace,
    });
    const written = { ...record, sha256: { ...record.sha256, issued: digest } };
    expect(bytesOf(decisionItem(written, true))).toBeLessThan(writeUnit);
  });
});
