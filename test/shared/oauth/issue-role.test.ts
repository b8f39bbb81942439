// Exchanges for AWS credentials (RFC 8693 §2.2.1 with a token type of our own): who gets a session, and what of it stays.
import { describe, expect, test } from 'vitest';
import { decisionDocument } from '../../../shared/http/decision-document.ts';
import { Refused } from '../../../shared/oauth/denial.ts';
import type { Revocation } from '../../../shared/oauth/revocation/revocation.ts';
import { sessionName } from '../../../shared/oauth/role-session/role-session.ts';
import { tokenTypes } from '../../../shared/oauth/token-types.ts';
import type { AllowRule, Client, CompiledPolicy, RoleGrant, RoleVia } from '../../../shared/policy/compiled-policy.ts';
import {
  awsCredentials,
  clientKey,
  formBody,
  github,
  issuerUrl,
  makeWorld,
  now,
  ordersRule,
  policy,
  run,
  signCompact,
  subjectToken,
  verdict,
  type World,
} from '../../world.ts';

const arn = 'arn:aws:iam::111122223333:role/ci/deploy';
const grant: RoleGrant = {
  role: 'deploy',
  ttl: 3_600,
  tags: [
    { key: 'branch', value: [{ claim: 'ref' }], required: true, sanitize: false },
    { key: 'team', value: [{ claim: 'team' }], required: false, sanitize: false },
  ],
  transitive: [],
  policyArns: [],
};
const deployRule: AllowRule<RoleGrant> = { ...ordersRule, id: 'deploy-main', grant };

function policyWith(rule: Partial<AllowRule<RoleGrant>> = {}, via: RoleVia = 'assume-role'): CompiledPolicy {
  const role = { name: 'deploy', arn, via, ttl: 3_600, maxTtl: 3_600 };
  return { ...policy, roles: { deploy: role }, rules: [...policy.rules, { ...deployRule, ...rule }] };
}

const worldWith = (...given: Parameters<typeof policyWith>): World => makeWorld({}, policyWith(...given));
const roleBody = (changes: Readonly<Record<string, string | undefined>> = {}): string =>
  formBody({ audience: 'deploy', ...changes });

describe('an exchange for a role', () => {
  test('answers the document of credential_process, as no access token and without scope', async () => {
    const outcome = await run(roleBody(), worldWith());
    if (!('granted' in outcome)) throw new Error(verdict(outcome));
    const { access_token, ...answer } = outcome.granted;
    expect(answer).toEqual({
      issued_token_type: 'urn:cambio:token-type:aws-credentials',
      token_type: 'N_A',
      expires_in: 900,
    });
    expect(JSON.parse(access_token)).toEqual({
      Version: 1,
      AccessKeyId: awsCredentials.accessKeyId,
      SecretAccessKey: awsCredentials.secretAccessKey,
      SessionToken: awsCredentials.sessionToken,
      Expiration: new Date((now + 900) * 1_000).toISOString().replace('.000Z', 'Z'),
    });
  });

  test('is kept nowhere: whoever asks, and whoever asks again, gets a session of their own', async () => {
    const world = worldWith();
    const names = () => world.sessions.map(({ session }) => session.name);
    await run(roleBody(), world);
    await run(roleBody(), world);
    await run(roleBody({ subject_token: subjectToken({ sub: 'repo:acme@1/other@2:ref:refs/heads/main' }) }), world);
    expect(names()).toHaveLength(3);
    expect([names()[0] === names()[1], names()[0] === names()[2]]).toEqual([true, false]);
  });

  test('asks STS for the subject’s session, signs nothing and makes no reference', async () => {
    const world = worldWith();
    await run(roleBody(), world);
    expect(world.sessions).toEqual([
      {
        session: expect.objectContaining({
          name: sessionName('github|repo:acme@1/api@456789:ref:refs/heads/main'),
          tags: [{ key: 'branch', value: 'refs/heads/main' }],
          durationSeconds: 900,
        }),
        webIdentity: undefined,
      },
    ]);
    expect([world.signed, world.references]).toEqual([[], []]);
  });

  test.each<[string, Readonly<Record<string, string | undefined>>]>([
    ['by its name', {}],
    ['by its ARN', { audience: undefined, resource: arn }],
    ['by both', { resource: arn }],
    ['with its token type', { requested_token_type: tokenTypes.awsCredentials }],
  ])('is granted %s', async (_what, changes) => {
    expect(verdict(await run(roleBody(changes), worldWith()))).toBe('granted');
  });

  test.each<[string, Readonly<Record<string, string | undefined>>, string]>([
    ['another ARN', { audience: undefined, resource: `${arn}2` }, 'invalid_target/target'],
    [
      'an ARN with a wildcard',
      { audience: undefined, resource: 'arn:aws:iam::111122223333:role/*' },
      'invalid_target/target',
    ],
    ['a role and an audience', { resource: 'https://orders.acme.example' }, 'invalid_target/target'],
    ['another branch', { subject_token: subjectToken({ ref: 'refs/heads/x' }) }, 'invalid_target/no_rule'],
    ['an access token', { requested_token_type: tokenTypes.accessToken }, 'invalid_request/type'],
    ['a JWT', { requested_token_type: tokenTypes.jwt }, 'invalid_request/type'],
    ['a transaction token', { requested_token_type: tokenTypes.transactionToken, scope: 'a' }, 'invalid_request/type'],
    ['a scope', { scope: 'orders:read' }, 'invalid_scope/scope'],
  ])('is refused for %s, and asks STS for nothing', async (_what, changes, refusal) => {
    const world = worldWith();
    expect(verdict(await run(roleBody(changes), world))).toBe(refusal);
    expect(world.sessions).toEqual([]);
    expect(verdict(await run(roleBody(), world))).toBe('granted');
  });

  test('does not tell those who may not have it that it is a role', async () => {
    const foreign = { subject_token: subjectToken({ ref: 'refs/heads/x' }) };
    const typed = { ...foreign, requested_token_type: tokenTypes.accessToken };
    expect(verdict(await run(roleBody(typed), worldWith()))).toBe(verdict(await run(roleBody(foreign), worldWith())));
  });

  test('credentials are refused of an audience, which issues tokens', async () => {
    const typed = { requested_token_type: tokenTypes.awsCredentials };
    expect(verdict(await run(formBody(typed), worldWith()))).toBe('invalid_request/type');
    expect(verdict(await run(formBody(), worldWith()))).toBe('granted');
  });

  test('a deny rule for the role wins, and one for another target does not', async () => {
    const { grant: _, ...core } = ordersRule;
    const denying = (deny: { role: string } | { audience: string }): World => {
      const served = policyWith();
      return makeWorld({}, { ...served, rules: [...served.rules, { ...core, id: 'none', deny }] });
    };
    expect(verdict(await run(roleBody(), denying({ role: 'deploy' })))).toBe('invalid_target/denied');
    expect(verdict(await run(roleBody(), denying({ audience: 'orders-api' })))).toBe('granted');
    expect(verdict(await run(formBody(), denying({ role: 'deploy' })))).toBe('granted');
  });

  test('a required tag that cannot be carried refuses it, an optional one is dropped and named', async () => {
    const required = { tags: grant.tags.map((tag) => ({ ...tag, required: true })) };
    const world = worldWith({ grant: { ...grant, ...required } });
    expect(verdict(await run(roleBody(), world))).toBe('invalid_target/tags');
    expect(world.sessions).toEqual([]);
    const carried = await run(roleBody({ subject_token: subjectToken({ team: 'blue' }) }), world);
    expect(verdict(carried)).toBe('granted');
    expect((await run(roleBody(), worldWith())).decision.issued?.session).toMatchObject({
      tags: ['branch'],
      dropped: [{ key: 'team', problem: 'missing' }],
    });
  });

  test('outlives its token to the 900 s of STS, and beyond only where the rule says so', async () => {
    const late = roleBody({ subject_token: subjectToken({ exp: now + 30 }) });
    expect(await run(late, worldWith())).toMatchObject({ granted: { expires_in: 900 } });
    expect(await run(late, worldWith({ outlive: true }))).toMatchObject({ granted: { expires_in: 3_600 } });
  });
});

describe('what stays of a session', () => {
  test('is a record with its name, its tags’ keys and how full its space is, durable before the answer', async () => {
    const world = worldWith();
    await run(roleBody({ subject_token: subjectToken({ team: 'b*' }) }), world);
    expect(world.records).toHaveLength(1);
    const [record] = world.records;
    expect(record && decisionDocument(record)['issued']).toEqual({
      jti: 'decision-1',
      sub: 'github|repo:acme@1/api@456789:ref:refs/heads/main',
      client_id: 'github',
      audience: 'deploy',
      scope: undefined,
      exp: now + 900,
      session: {
        role_arn: arn,
        name: sessionName('github|repo:acme@1/api@456789:ref:refs/heads/main'),
        duration: 900,
        tags: ['branch'],
        dropped_tags: [{ key: 'team', problem: 'characters' }],
        packed_policy_size: 6,
      },
    });
  });

  test('names the tree that a session made of a token of ours is of', async () => {
    const secret: Client = {
      name: 'app',
      auth: { method: 'client_secret', sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08' },
      introspects: [],
    };
    const served = {
      ...policyWith({ from: 'self', match: [], grant: { ...grant, tags: [] } }),
      clients: { app: secret },
    };
    const own = await run(formBody(), makeWorld({}, served));
    if (!('granted' in own)) throw new Error(verdict(own));
    const client = { client_id: 'app', client_secret: 'test', subject_token: own.granted.access_token };
    const { decision } = await run(roleBody(client), makeWorld({}, served));
    expect(decision.issued?.family).toBe(own.decision.decisionId);
    expect((await run(roleBody(), worldWith())).decision.issued?.family).toBeUndefined();
  });

  test('is no credential, in no record and no decision', async () => {
    const world = worldWith();
    const { decision } = await run(roleBody(), world);
    const kept = JSON.stringify([world.records, decision]);
    for (const secret of Object.values(awsCredentials)) expect(kept).not.toContain(secret);
  });

  test('is nothing when it cannot be recorded: the credentials do not leave', async () => {
    const failing = makeWorld(
      { recordDecision: async () => Promise.reject(new Refused({ kind: 'unavailable', dependency: 'dynamodb' })) },
      policyWith(),
    );
    expect(verdict(await run(roleBody(), failing))).toBe('temporarily_unavailable/unavailable');
    expect(failing.sessions).toHaveLength(1);
  });
});

describe('a subject that may be used once', () => {
  const once = (changes: Parameters<typeof makeWorld>[0] = {}, served = policyWith()): World =>
    makeWorld(changes, { ...served, issuers: { github: { ...github, singleUse: true } } });

  test.each<RoleVia>([
    'assume-role',
    'web-identity',
  ])('gets, by the identical request, a new session of the same name under the same record: %s', async (via) => {
    let time = now;
    const world = once({ now: () => time }, policyWith({}, via));
    const body = roleBody();
    const outcomes = [await run(body, world)];
    time = now + 30;
    outcomes.push(await run(body, world));
    expect(outcomes.map(verdict)).toEqual(['granted', 'granted']);
    expect(new Set(world.sessions.map(({ session }) => session.name)).size).toBe(1);
    expect(world.sessions).toHaveLength(2);
    expect(world.records.map(({ decisionId, repetition }) => [decisionId, repetition])).toEqual([
      ['decision-1', 'first'],
      ['decision-1', 'again'],
    ]);
    time = now + 31;
    expect(verdict(await run(body, world))).toBe('invalid_request/replayed');
    expect(world.sessions).toHaveLength(2);
  });

  test('gets nothing by another request, and is unused where STS or a tag refused the first', async () => {
    const world = once();
    expect(verdict(await run(roleBody({ subject_token: subjectToken({ ref: 'refs/heads/main' }) }), world))).toBe(
      'granted',
    );
    expect(verdict(await run(formBody({}), world))).toBe('invalid_request/replayed');
    const refusing = once({
      assumeRole: () => Promise.reject(new Refused({ kind: 'sts', code: 'AccessDenied', detail: undefined })),
    });
    expect([verdict(await run(roleBody(), refusing)), refusing.uses]).toEqual(['invalid_target/sts', []]);
    const required = { ...grant, tags: grant.tags.map((tag) => ({ ...tag, required: true })) };
    const untagged = once({}, policyWith({ grant: required }));
    expect([verdict(await run(roleBody(), untagged)), untagged.uses]).toEqual(['invalid_target/tags', []]);
  });
});

describe('a revoked subject', () => {
  test.each<[string, Pick<Revocation, 'by' | 'value'>, string]>([
    [
      'by subject',
      { by: 'subject', value: 'github|repo:acme@1/api@456789:ref:refs/heads/main' },
      'invalid_request/revoked',
    ],
    ['by issuer', { by: 'issuer', value: 'github' }, 'invalid_request/revoked'],
    ['of another name', { by: 'subject', value: 'github|repo:acme@1/api@456789:ref:refs/heads/other' }, 'granted'],
  ])('%s: STS is not asked', async (_what, named, expected) => {
    const world = worldWith();
    world.revocations.push({ ...named, issuedBefore: now, expiresAt: now + 1 });
    expect(verdict(await run(roleBody(), world))).toBe(expected);
    expect(world.sessions).toHaveLength(expected === 'granted' ? 1 : 0);
  });
});

describe('STS', () => {
  const asserting: Client = {
    name: 'ci',
    auth: {
      method: 'private_key_jwt',
      keys: { from: 'jwksUri', jwksUri: 'https://ci.example/jwks' },
      network: 'public',
      algorithms: ['ES256'],
    },
    introspects: [],
  };
  const assertion = signCompact(
    JSON.stringify({ alg: 'ES256', kid: clientKey.kid }),
    JSON.stringify({ iss: 'ci', sub: 'ci', aud: issuerUrl, exp: now + 60, jti: 'assertion-1' }),
    clientKey,
  );
  const authenticated = roleBody({
    client_assertion: assertion,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  });

  test.each<[string, ConstructorParameters<typeof Refused>[0], string]>([
    ['that refuses', { kind: 'sts', code: 'AccessDenied', detail: undefined }, 'invalid_target/sts'],
    ['that is not there', { kind: 'unavailable', dependency: 'sts' }, 'temporarily_unavailable/unavailable'],
  ])('%s leaves no grant, and the assertion unused', async (_what, denial, refusal) => {
    let isDown = true;
    const served = { ...policyWith(), clients: { ci: asserting } };
    const up = makeWorld({}, served);
    const world = makeWorld(
      { assumeRole: (...asked) => (isDown ? Promise.reject(new Refused(denial)) : up.cambio.assumeRole(...asked)) },
      served,
    );
    expect(verdict(await run(authenticated, world))).toBe(refusal);
    expect([world.records, world.uses]).toEqual([[], []]);
    isDown = false;
    expect(verdict(await run(authenticated, world))).toBe('granted');
    expect(world.uses).toHaveLength(1);
    expect(verdict(await run(authenticated, world))).toBe('invalid_client/client');
    expect(up.sessions).toHaveLength(1);
  });
});

describe('a role via web-identity', () => {
  const tagged: RoleGrant = {
    ...grant,
    tags: [...grant.tags.slice(0, 1), { key: 'team', value: [{ claim: 'team' }], required: false, sanitize: false }],
    transitive: ['branch', 'team'],
    sourceIdentity: [{ claim: 'sub' }],
  };
  const webWorld = (): World => worldWith({ grant: tagged }, 'web-identity');

  async function webIdentity(world = webWorld()): Promise<string> {
    expect(verdict(await run(roleBody(), world))).toBe('granted');
    return world.sessions[0]?.webIdentity ?? '';
  }
  const part = (token: string, index: number) =>
    JSON.parse(Buffer.from(token.split('.')[index] ?? '', 'base64url').toString());

  test('is asked for with a token of five minutes for STS and this role, tags and source identity in it', async () => {
    const token = await webIdentity();
    expect(part(token, 0)).toEqual({ alg: 'ES256', typ: 'JWT', kid: 'session.cambio-key' });
    expect(part(token, 1)).toEqual({
      iss: issuerUrl,
      sub: 'role:deploy',
      aud: 'sts.amazonaws.com',
      iat: now,
      exp: now + 300,
      'https://aws.amazon.com/tags': {
        principal_tags: { branch: ['refs/heads/main'] },
        transitive_tag_keys: ['branch'],
      },
      'https://aws.amazon.com/source_identity': sessionName('repo:acme@1/api@456789:ref:refs/heads/main'),
    });
  });

  test('has nothing of tags or identity where the grant has none', async () => {
    const world = worldWith({ grant: { ...grant, tags: [] } }, 'web-identity');
    expect(Object.keys(part(await webIdentity(world), 1))).toEqual(['iss', 'sub', 'aud', 'iat', 'exp']);
  });

  test('its token is none of ours: as subject, actor and assertion it is refused, which an access token is not', async () => {
    const token = await webIdentity();
    // An audience of that name is the best case for the attacker: then `aud` is one of ours, too.
    const named = { ...policy.audiences['plain'], name: 'sts.amazonaws.com' } as CompiledPolicy['audiences'][string];
    const hop = { ...ordersRule, id: 'hop', from: 'self', match: [], client: 'any' as const };
    const secret: Client = {
      name: 'app',
      auth: { method: 'client_secret', sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08' },
      introspects: [],
    };
    const served: CompiledPolicy = {
      ...policyWith({}, 'web-identity'),
      clients: { app: secret },
      audiences: { ...policy.audiences, 'sts.amazonaws.com': named },
      rules: [...policy.rules, hop, { ...ordersRule, actor: { from: 'self', match: [] } }],
    };
    const client = { client_id: 'app', client_secret: 'test' };
    const own = await run(formBody(), makeWorld({}, served));
    if (!('granted' in own)) throw new Error(verdict(own));
    const accessToken = own.granted.access_token;
    const asked = async (changes: Readonly<Record<string, string>>): Promise<string> =>
      verdict(await run(formBody(changes), makeWorld({}, served)));
    for (const type of [tokenTypes.jwt, tokenTypes.accessToken]) {
      const subject = { subject_token_type: type, ...client };
      expect(await asked({ ...subject, subject_token: accessToken })).toBe('granted');
      expect(await asked({ ...subject, subject_token: token })).toBe('invalid_request/key');
      expect(await asked({ actor_token: accessToken, actor_token_type: type })).toBe('granted');
      expect(await asked({ actor_token: token, actor_token_type: type })).toBe('invalid_request/key');
    }
    const client_assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
    expect(await asked({ client_assertion: token, client_assertion_type })).toBe('invalid_client/client');
  });
});
