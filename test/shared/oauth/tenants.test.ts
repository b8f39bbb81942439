// Tenants that call their things alike never meet (docs/tenants.md).
import { describe, expect, test } from 'vitest';
import { effectOf } from '../../../shared/oauth/events/security-event.ts';
import type { SecurityEventToken } from '../../../shared/oauth/events/security-event-token.ts';
import { parseRevocationRequest } from '../../../shared/oauth/revocation/revocation-request.ts';
import { tokenTypes } from '../../../shared/oauth/token-types.ts';
import type { TrustedIssuer } from '../../../shared/policy/compiled-policy.ts';
import { tenantOf } from '../../../shared/policy/tenant.ts';
import { secret, tenantPolicy } from '../../infra/policy/tenant-world.ts';
import { formBody, makeWorld, now, type Outcome, run, subjectClaims, subjectToken, verdict } from '../../world.ts';

const policy = tenantPolicy();

const tokenOf = (tenant: string) =>
  subjectToken({ iss: 'https://token.actions.example', aud: `https://sts.${tenant}.example`, repository: 'acme/api' });

const basic = (client: string) => ({
  authorization: `Basic ${Buffer.from(`${encodeURIComponent(client)}:${secret}`).toString('base64')}`,
  dpop: undefined,
});

interface Asked {
  readonly token?: string;
  readonly type?: string;
  readonly audience: string;
  readonly client?: string;
}

function ask({ token = tokenOf('acme'), type, audience, client }: Asked, served = policy): Promise<Outcome> {
  const changes = { subject_token: token, audience, ...(type !== undefined && { subject_token_type: type }) };
  return run(formBody(changes), makeWorld({}, served), client === undefined ? undefined : basic(client));
}

const verdictOf = async (asked: Asked, served = policy) => verdict(await ask(asked, served));

async function issued(tenant: string, served = policy): Promise<string> {
  const outcome = await ask(
    { token: tokenOf(tenant), audience: tenant === 'root' ? 'shared' : `${tenant}/api` },
    served,
  );
  if (!('granted' in outcome)) throw new Error(verdict(outcome));
  return outcome.granted.access_token;
}

describe('a token of a tenant', () => {
  test('says whose subject it is of, in its names and by its claim', async () => {
    const outcome = await ask({ audience: 'acme/api' });
    if (!('granted' in outcome)) throw new Error(verdict(outcome));
    expect(outcome.claims).toMatchObject({
      sub: `acme/github|${subjectClaims['sub']}`,
      aud: 'acme/api',
      client_id: 'acme/github',
      tenant: 'acme',
      lineage: { origin: { iss: 'acme/github' } },
    });
    const root = await ask({ token: tokenOf('root'), audience: 'shared' });
    expect('granted' in root && 'tenant' in root.claims).toBe(false);
  });

  test('is exchanged within its tenant, by a client whose name is form-encoded in Basic', async () => {
    const asked = { token: await issued('acme'), type: tokenTypes.accessToken, audience: 'acme/backend' };
    const outcome = await ask({ ...asked, client: 'acme/checkout' });
    if (!('granted' in outcome)) throw new Error(verdict(outcome));
    expect(outcome.claims).toMatchObject({
      aud: 'https://backend.acme.example',
      tenant: 'acme',
      client_id: 'acme/checkout',
    });
    expect(await verdictOf({ ...asked, client: 'checkout' })).toBe('invalid_client/client');
    expect(await verdictOf({ ...asked, client: 'globex/checkout' })).toBe('invalid_target/no_rule');
    expect(await verdictOf({ ...asked, audience: 'globex/backend', client: 'acme/checkout' })).toBe(
      'invalid_target/no_rule',
    );
    expect(await verdictOf({ ...asked, token: await issued('globex'), client: 'acme/checkout' })).toBe(
      'invalid_target/no_rule',
    );
  });
});

describe('a request', () => {
  test('names another tenant’s things in full, and a bare name is the root policy’s', async () => {
    expect(await verdictOf({ audience: 'acme/api' })).toBe('granted');
    expect(await verdictOf({ audience: 'api' })).toBe('invalid_target/target');
    expect(await verdictOf({ audience: 'Acme/api' })).toBe('invalid_target/target');
  });

  test('is refused where subject, client and target are of different tenants', async () => {
    expect(await verdictOf({ audience: 'globex/api' })).toBe('invalid_target/no_rule');
    expect(await verdictOf({ audience: 'shared' })).toBe('invalid_target/no_rule');
    expect(await verdictOf({ token: tokenOf('root'), audience: 'acme/api' })).toBe('invalid_target/no_rule');
    expect(await verdictOf({ audience: 'acme/api', client: 'globex/checkout' })).toBe('invalid_target/no_rule');
    expect(await verdictOf({ audience: 'acme/api', client: 'portal' })).toBe('invalid_target/no_rule');
    expect(await verdictOf({ audience: 'acme/api', client: 'acme/checkout' })).toBe('granted');
    expect(await verdictOf({ token: tokenOf('root'), audience: 'shared', client: 'acme/checkout' })).toBe(
      'invalid_target/no_rule',
    );
    expect(await verdictOf({ token: tokenOf('root'), audience: 'shared', client: 'portal' })).toBe('granted');
  });

  test('is refused for another tenant’s client among many rules as among few', async () => {
    const rules = Array.from(
      { length: 40 },
      (_, at) =>
        `  - { id: r${at}, from: github, match: { ref: refs/heads/b${at} }, grant: { audience: api, scopes: [read] } }\n`,
    );
    const many = tenantPolicy({ acme: rules.join('') });
    expect(await verdictOf({ audience: 'acme/api', client: 'globex/checkout' }, many)).toBe('invalid_target/no_rule');
    expect(await verdictOf({ audience: 'acme/api', client: 'acme/checkout' }, many)).toBe('granted');
    expect(await verdictOf({ audience: 'acme/api' }, many)).toBe('granted');
  });

  test('crosses where both sides have named what it needs', async () => {
    const joined = tenantPolicy({
      '': 'exports: { audiences: { shared: [acme] } }\n',
      acme: '  - { id: to-shared, from: github, match: { ref: refs/heads/main }, grant: { audience: shared, scopes: [read] } }\nimports: { audiences: [shared] }\n',
    });
    const outcome = await ask({ audience: 'shared' }, joined);
    if (!('granted' in outcome)) throw new Error(verdict(outcome));
    expect(outcome.claims).toMatchObject({ aud: 'shared', tenant: 'acme', sub: `acme/github|${subjectClaims['sub']}` });
    expect(await verdictOf({ token: tokenOf('globex'), audience: 'shared' }, joined)).toBe('invalid_target/no_rule');
  });
});

describe('a foreign token for the client of a tenant', () => {
  test('is that client’s to present, and not of one that is called so elsewhere', async () => {
    const served = tenantPolicy({
      acme: `version: 1
issuers:
  idp: { url: https://idp.example, audience: checkout, claims: { email: string } }
rules:
  - { id: of-idp, from: idp, client: checkout, match: { sub: someone }, grant: { audience: api, scopes: [read] } }
`,
    });
    const token = subjectToken({ iss: 'https://idp.example', aud: 'checkout', sub: 'someone' });
    expect(await verdictOf({ token, audience: 'acme/api', client: 'acme/checkout' }, served)).toBe('granted');
    expect(await verdictOf({ token, audience: 'acme/api', client: 'globex/checkout' }, served)).toBe(
      'invalid_request/audience',
    );
    expect(await verdictOf({ token, audience: 'acme/api' }, served)).toBe('invalid_request/audience');
  });
});

describe('issuers of two tenants with one iss', () => {
  const single = (tenant: string) => `version: 1
issuers:
  once: { url: https://idp.example, audience: for-${tenant}, claims: { email: string }, singleUse: true, subject: "${tenant}/mail:\${claims.email}" }
rules:
  - { id: once, from: once, client: checkout, match: { sub: someone }, grant: { audience: api, scopes: [read] } }
`;
  const served = tenantPolicy({ acme: single('acme'), globex: single('globex') });
  const token = (tenant: string) =>
    subjectToken({
      iss: 'https://idp.example',
      aud: `for-${tenant}`,
      sub: 'someone',
      email: 'a@idp.example',
      jti: 'one',
    });

  test('do not use up each other’s tokens, whose jti may be the same', async () => {
    const world = makeWorld({}, served);
    const use = async (tenant: string, scope: string) =>
      verdict(
        await run(
          formBody({ subject_token: token(tenant), audience: `${tenant}/api`, scope }),
          world,
          basic(`${tenant}/checkout`),
        ),
      );
    expect(await use('acme', 'read')).toBe('granted');
    expect(await use('globex', 'read')).toBe('granted');
    expect(await use('acme', 'read write')).toBe('invalid_request/replayed');
  });

  test('do not speak for each other’s subjects by security events', () => {
    const issuer = served.issuers['acme/once'] as TrustedIssuer;
    const event: SecurityEventToken = {
      issuer: { ...issuer, events: { audience: 'https://events.example' } },
      jti: 'event',
      iat: now,
      events: { 'https://schemas.openid.net/secevent/caep/event-type/session-revoked': {} },
      subject: { format: 'email', email: 'a@idp.example' },
    };
    const receiver = { issuers: Object.values(served.issuers), keptFor: 60, listed: false };
    const { revocations } = effectOf(event, receiver, now);
    expect(revocations.map(({ by, value }) => `${by} ${value}`)).toEqual(['subject acme/mail:a@idp.example']);
  });
});

describe('what ends a tenant’s access', () => {
  test('ends it there alone: a revocation and a suspension of a name that others have, too', async () => {
    const outcomes = async (end: (world: ReturnType<typeof makeWorld>) => void) => {
      const world = makeWorld({}, policy);
      end(world);
      const asked = ['acme', 'globex'].map((tenant) =>
        run(formBody({ subject_token: tokenOf(tenant), audience: `${tenant}/api` }), world),
      );
      return (await Promise.all(asked)).map(verdict);
    };
    expect(await outcomes(() => {})).toEqual(['granted', 'granted']);
    expect(
      await outcomes(({ revocations }) =>
        revocations.push({ by: 'issuer', value: 'acme/github', issuedBefore: now, expiresAt: now + 9_000 }),
      ),
    ).toEqual(['invalid_request/revoked', 'granted']);
    expect(
      await outcomes(({ suspensions }) =>
        suspensions.push({
          kind: 'rule',
          name: 'acme/main',
          reason: 'a test',
          at: now,
          principal: 'somebody',
        } as never),
      ),
    ).toEqual(['invalid_target/suspended', 'granted']);
  });

  test('ends a run there alone, though another tenant’s job has the same number, and what came of it', async () => {
    const world = makeWorld({}, policy);
    const job = (tenant: string) =>
      subjectToken({ iss: 'https://token.actions.example', aud: `https://sts.${tenant}.example`, run_id: '7' });
    const first = (tenant: string) => run(formBody({ subject_token: job(tenant), audience: `${tenant}/api` }), world);
    const onward = async (tenant: string, token: string) => {
      const changes = { subject_token: token, subject_token_type: tokenTypes.accessToken };
      const body = formBody({ ...changes, audience: `${tenant}/backend` });
      return verdict(await run(body, world, basic(`${tenant}/checkout`)));
    };
    const tenants = ['acme', 'globex'];
    const tokens = (await Promise.all(tenants.map(first))).map((outcome) =>
      'granted' in outcome ? outcome.granted.access_token : verdict(outcome),
    );
    const outcomes = async () =>
      Promise.all(
        tenants.map(async (tenant, at) => [verdict(await first(tenant)), await onward(tenant, tokens[at] ?? '')]),
      );
    const lives = ['granted', 'granted'];
    const hit = ['invalid_request/revoked', 'invalid_request/revoked'];
    expect(await outcomes()).toEqual([lives, lives]);
    const { value } = parseRevocationRequest('{"by":"run","value":"acme/github|7","reason":"a leak"}', now);
    const revocation = { by: 'run', issuedBefore: now, expiresAt: now + 9_000 } as const;
    world.revocations.push({ ...revocation, value: 'github|7' }, { ...revocation, value: 'acme/github|70' });
    expect(await outcomes()).toEqual([lives, lives]);
    world.revocations.push({ ...revocation, value });
    expect(await outcomes()).toEqual([hit, lives]);
  });
});

describe('a tenant that is no more', () => {
  test('is nobody: its subjects, its own tokens and its clients get nothing, and the others all they had', async () => {
    const isLeft = (name: string) => tenantOf(name) !== 'acme';
    const left = <T>(section: Readonly<Record<string, T>>) =>
      Object.fromEntries(Object.entries(section).filter(([name]) => isLeft(name)));
    const { issuers, clients, audiences, rules } = policy;
    const gone = {
      ...policy,
      ...{ issuers: left(issuers), clients: left(clients), audiences: left(audiences) },
      rules: rules.filter(({ id }) => isLeft(id)),
    };
    const tokens = { acme: await issued('acme'), globex: await issued('globex') };
    const onward = (tenant: 'acme' | 'globex', client?: string): Asked => ({
      token: tokens[tenant],
      type: tokenTypes.accessToken,
      audience: `${tenant}/backend`,
      ...(client !== undefined && { client }),
    });
    expect(await verdictOf({ audience: 'acme/api' }, gone)).toBe('invalid_request/audience');
    expect(await verdictOf(onward('acme', 'acme/checkout'), gone)).toBe('invalid_client/client');
    expect(await verdictOf(onward('acme'), gone)).toBe('invalid_request/audience');
    expect(await verdictOf({ token: tokenOf('globex'), audience: 'globex/api' }, gone)).toBe('granted');
    expect(await verdictOf(onward('globex', 'globex/checkout'), gone)).toBe('granted');
  });
});
