// Sessions of roles: what they carry of a token, and that no token makes a request STS would refuse as malformed.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import model from '../../../../infra/local/models/sts.json' with { type: 'json' };
import { inputFaults } from '../../../../infra/local/protocol/service-model.ts';
import { assumeRole } from '../../../../infra/local/sts/assume-role.ts';
import { openSessions } from '../../../../infra/local/sts/sessions.ts';
import { Refused } from '../../../../shared/oauth/denial.ts';
import { readRegisteredClaims } from '../../../../shared/oauth/jose/registered-claims.ts';
import { oauthError } from '../../../../shared/oauth/oauth-error.ts';
import { type RoleSession, roleSession, sessionName } from '../../../../shared/oauth/role-session/role-session.ts';
import type { Role, RoleGrant, SessionTagTemplate, TrustedIssuer } from '../../../../shared/policy/compiled-policy.ts';
import type { JsonObject } from '../../../../shared/policy/json.ts';
import { github, now, subjectClaims } from '../../../world.ts';

const role: Role = {
  name: 'deploy',
  arn: 'arn:aws:iam::111122223333:role/deploy',
  externalId: 'acme-7',
  via: 'assume-role',
  ttl: 3_600,
  maxTtl: 3_600,
};
const tag = (key: string, claim: string, more: Partial<SessionTagTemplate> = {}): SessionTagTemplate => ({
  key,
  value: [{ claim }],
  required: true,
  sanitize: false,
  ...more,
});
const grant: RoleGrant = {
  role: 'deploy',
  ttl: 3_600,
  tags: [tag('repo', 'repo'), tag('env', 'env', { required: false })],
  transitive: ['repo', 'env'],
  policyArns: ['arn:aws:iam::aws:policy/ReadOnlyAccess'],
};
const claims = { ...subjectClaims, repo: 'acme/api', env: 'prod' } as JsonObject;

interface World {
  readonly grant?: Partial<RoleGrant>;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly role?: Partial<Role>;
  readonly outlive?: boolean;
  readonly issuer?: TrustedIssuer;
}

function sessionOf(world: World = {}): RoleSession {
  const presented = { ...claims, ...world.claims } as JsonObject;
  return roleSession({
    role: { ...role, ...world.role },
    rule: { grant: { ...grant, ...world.grant }, ...(world.outlive && { outlive: true }) },
    subject: {
      issuer: world.issuer ?? github,
      registered: readRegisteredClaims(presented),
      claims: presented,
      kid: undefined,
    },
    decisionId: 'decision-1',
    now,
  });
}

/** `made`, or error, reason, part, name and problem of the refusal. */
function outcomeOf(world: World): string {
  try {
    sessionOf(world);
    return 'made';
  } catch (error) {
    if (!(error instanceof Refused) || error.denial.kind !== 'role_session') throw error;
    const { part, name, problem } = error.denial;
    const { error: code, reason } = oauthError(error.denial);
    return [code, reason, part, name, problem].join(' ');
  }
}

describe('a role session', () => {
  test('carries tags in their order, transitive keys, and the subject in its name', () => {
    expect(sessionOf()).toEqual({
      role,
      name: sessionName('github|repo:acme@1/api@456789:ref:refs/heads/main'),
      durationSeconds: 900,
      tags: [
        { key: 'repo', value: 'acme/api' },
        { key: 'env', value: 'prod' },
      ],
      dropped: [],
      transitive: ['repo', 'env'],
      sourceIdentity: undefined,
      policy: undefined,
      policyArns: ['arn:aws:iam::aws:policy/ReadOnlyAccess'],
    });
  });

  test.each<[string, World, string, World]>([
    ['a missing claim', { claims: { repo: undefined } }, 'missing', { claims: { env: undefined } }],
    ['a list', { claims: { repo: ['a'] } }, 'missing', { claims: { repo: 7 } }],
    ['a character no tag has', { claims: { repo: 'a*b' } }, 'characters', { claims: { repo: 'a-b ä ключ' } }],
    ['a control character', { claims: { repo: 'a\nb' } }, 'characters', { claims: { repo: 'a b' } }],
    ['half a character', { claims: { repo: '\ud800' } }, 'characters', { claims: { repo: '𝒳' } }],
    ['257 characters', { claims: { repo: 'a'.repeat(257) } }, 'length', { claims: { repo: 'a'.repeat(256) } }],
  ])('refuses a required tag of %s, which its twin is not', (_what, bad, problem, good) => {
    expect(outcomeOf(bad)).toBe(`invalid_target tags tag repo ${problem}`);
    expect(outcomeOf(good)).toBe('made');
  });

  test('drops an optional tag instead, names it, and takes it out of the transitive keys', () => {
    const { tags, dropped, transitive } = sessionOf({ claims: { env: 'a*b' } });
    expect(tags.map(({ key }) => key)).toEqual(['repo']);
    expect(dropped).toEqual([{ key: 'env', problem: 'characters' }]);
    expect(transitive).toEqual(['repo']);
  });

  test('sanitizes where the policy says so, and there alone', () => {
    const sanitized = { tags: [tag('repo', 'repo', { sanitize: true })], transitive: [] };
    expect(sessionOf({ grant: sanitized, claims: { repo: 'a*b\n😀' } }).tags).toEqual([
      { key: 'repo', value: 'a_b__' },
    ]);
    expect(outcomeOf({ claims: { repo: 'a*b\n😀' } })).toContain('characters');
  });

  test('has a budget: required tags first, then the others in their order while there is room', () => {
    const big = (size: number) => 'x'.repeat(size);
    const optional = (key: string) => tag(key, key, { required: false });
    const tags = [optional('a'), optional('b'), tag('c', 'c'), optional('d')];
    const of = (sizes: readonly [number, number, number, number]) => {
      const [a, b, c, d] = sizes.map(big);
      const { tags: carried, dropped } = sessionOf({ grant: { tags, transitive: [] }, claims: { a, b, c, d } });
      return [carried.map(({ key }) => key).join(''), dropped.map(({ key }) => key).join('')];
    };
    expect(of([222, 222, 222, 222])).toEqual(['abcd', '']);
    expect(of([223, 222, 222, 222])).toEqual(['abc', 'd']);
    expect(of([256, 256, 256, 200])).toEqual(['abc', 'd']);
    expect(of([256, 256, 256, 2])).toEqual(['abcd', '']);
    const required = ['a', 'b', 'c', 'd'].map((key) => tag(key, key));
    const all = (size: number) => ({
      grant: { tags: required, transitive: [] },
      claims: Object.fromEntries(['a', 'b', 'c', 'd'].map((key) => [key, big(size)])),
    });
    expect(outcomeOf(all(222))).toBe('made');
    expect(outcomeOf(all(223))).toBe('invalid_target tags tag d budget');
  });

  test('has a source identity only where the policy gives one, and refuses a token without it', () => {
    const identified = { sourceIdentity: [{ claim: 'actor' }] };
    expect(sessionOf({ grant: identified, claims: { actor: 'octocat' } }).sourceIdentity).toBe('octocat');
    expect(sessionOf({ grant: identified, claims: { actor: 'a b' } }).sourceIdentity).toMatch(/^a-b=[\w-]{16}$/);
    expect(outcomeOf({ grant: identified })).toBe('invalid_target tags sourceIdentity  missing');
    expect(outcomeOf({ grant: identified, claims: { actor: '' } })).toBe('invalid_target tags sourceIdentity  missing');
  });

  test.each<[string, World, number]>([
    ['no longer than its token', { claims: { exp: now + 1_800 } }, 1_800],
    ['at least the 900 s of STS', { claims: { exp: now + 10 } }, 900],
    ['no longer than its rule says', { grant: { ttl: 1_200 }, claims: { exp: now + 7_200 } }, 1_200],
    ['as long as its rule says where it outlives', { outlive: true, claims: { exp: now + 10 } }, 3_600],
    ['an hour by role chaining', { outlive: true, grant: { ttl: 43_200 } }, 3_600],
    ['twelve as a web identity', { outlive: true, grant: { ttl: 43_200 }, role: { via: 'web-identity' } }, 43_200],
    ['whole seconds', { claims: { exp: now + 1_800.9 } }, 1_800],
  ])('lives %s', (_what, world, seconds) => {
    expect(sessionOf(world).durationSeconds).toBe(seconds);
  });
});

describe('a session of a revocable role', () => {
  const revocable = { role: { revocable: true } } as const;
  const runs: TrustedIssuer = { ...github, run: ['run_id'] };
  const hash = (value: string) => createHash('sha256').update(value).digest('hex').slice(0, 32);
  const subject = 'github|repo:acme@1/api@456789:ref:refs/heads/main';
  const shown = (world: World) => sessionOf(world).tags.map(({ key, value }) => `${key}=${value}`);

  test('carries first what it is for, hashed, and hands it to no chained session', () => {
    const world = { ...revocable, issuer: runs, claims: { run_id: '7' } };
    expect(shown(world)).toEqual([
      `cambio-subject=${hash(subject)}`,
      `cambio-run=${hash('github|7')}`,
      `cambio-family=${hash('decision-1')}`,
      'repo=acme/api',
      'env=prod',
    ]);
    expect(sessionOf(world).transitive).toEqual(['repo', 'env']);
    expect(shown({ ...world, role: {} })).toEqual(['repo=acme/api', 'env=prod']);
  });

  test('of a token without a run has no tag for it', () => {
    expect(shown({ ...revocable, issuer: runs }).map((tag) => tag.split('=')[0])).toEqual([
      ...['cambio-subject', 'cambio-family', 'repo', 'env'],
    ]);
  });

  test('made of a token of ours is of its tree, its run and its subject', () => {
    const tokens = [{ jti: 'root', iat: now - 60, client_id: 'github' }];
    const lineage = { origin: { iss: 'github', iat: now - 90, run: '7' }, tokens };
    const own = { sub: subject, jti: 'hop', iat: now - 30, client_id: 'app', lineage };
    expect(shown({ ...revocable, issuer: { ...github, name: 'self' }, claims: own }).slice(0, 3)).toEqual([
      `cambio-subject=${hash(subject)}`,
      `cambio-run=${hash('github|7')}`,
      `cambio-family=${hash('root')}`,
    ]);
    const first = { ...own, lineage: { origin: lineage.origin } };
    expect(shown({ ...revocable, issuer: { ...github, name: 'self' }, claims: first })[2]).toBe(
      `cambio-family=${hash('hop')}`,
    );
  });

  test('made of a token of ours has an id of its own; of an issuer that pushes events, what they name', () => {
    const tokens = [{ jti: 'root', iat: now - 60, client_id: 'github' }];
    const own = {
      sub: subject,
      jti: 'hop',
      iat: now - 30,
      client_id: 'app',
      lineage: { origin: { iss: 'github', iat: 0 }, tokens },
    };
    const self = { ...github, name: 'self' };
    expect(shown({ ...revocable, issuer: self, claims: own })).toContain(`cambio-jti=${hash('decision-1')}`);
    expect(shown(revocable).join()).not.toContain('cambio-jti');
    const subjectOf = {
      issuer: github,
      registered: readRegisteredClaims(subjectClaims as JsonObject),
      claims: subjectClaims as JsonObject,
      kid: undefined,
    };
    const events = { audience: 'https://sts.acme.example', authorization: '' };
    const keysWith = (issuer: TrustedIssuer) =>
      roleSession({
        role: {
          name: 'deploy',
          arn: 'arn:aws:iam::111122223333:role/deploy',
          via: 'assume-role',
          ttl: 900,
          maxTtl: 900,
          revocable: true,
        },
        rule: { grant: { role: 'deploy', ttl: 900, tags: [], transitive: [], policyArns: [] } },
        subject: subjectOf,
        issuers: { github: issuer },
        decisionId: 'decision-1',
        now,
      }).tags.map(({ key }) => key);
    expect(keysWith(github)).not.toContain('cambio-origin');
    expect(keysWith({ ...github, events })).toContain('cambio-origin');
  });

  test('has that much less room, and these tags are never the ones that are dropped', () => {
    const only = { tags: [tag('a', 'a', { required: false })], transitive: [] };
    const grants = (size: number) => {
      const filler = ['b', 'c', 'd'].map((key) => tag(key, key, { required: false }));
      const world = { ...revocable, grant: { ...only, tags: [...filler, ...only.tags] } };
      const big = 'x'.repeat(size);
      return sessionOf({ ...world, claims: { a: 'x'.repeat(172), b: big, c: big, d: big } });
    };
    // 900 - 48 - 47 for subject and family, 175 for the last one.
    expect(grants(207).dropped).toEqual([]);
    expect(grants(208).dropped).toEqual([{ key: 'a', problem: 'budget' }]);
    expect(grants(256).tags.map(({ key }) => key)).toEqual(['cambio-subject', 'cambio-family', 'b', 'c', 'd']);
  });
});

const bucket = { sessionPolicy: ['{"Resource":"arn:aws:s3:::a/', { claim: 'repo' }, '"}'], tags: [], transitive: [] };

describe('a session policy', () => {
  test.each<[string, unknown, string]>([
    ['a star', 'a*', 'characters'],
    ['a question mark', 'a?', 'characters'],
    ['a policy variable', '${aws:userid}', 'characters'],
    ['the inside of a policy variable', '{aws:userid}', 'characters'],
    ['no claim', undefined, 'missing'],
    ['an empty claim', '', 'missing'],
    ['a list', ['a'], 'missing'],
  ])('refuses %s', (_what, repo, problem) => {
    expect(outcomeOf({ grant: bucket, claims: { repo } })).toBe(`invalid_target tags sessionPolicy repo ${problem}`);
    expect(outcomeOf({ grant: bucket, claims: { repo: 'acme/api' } })).toBe('made');
  });

  test('refuses what makes it longer than STS takes, managed policies counted', () => {
    const length = (size: number) => outcomeOf({ grant: bucket, claims: { repo: 'a'.repeat(size) } });
    const room = 2_048 - '{"Resource":"arn:aws:s3:::a/"}'.length - 'arn:aws:iam::aws:policy/ReadOnlyAccess'.length;
    expect(length(room)).toBe('made');
    expect(length(room + 1)).toBe('invalid_target tags sessionPolicy  length');
  });

  test('stays the policy it was, with the claim where it stood, whatever the claim is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 200 }), (repo) => {
        fc.pre(!/[*?${}]/.test(repo));
        const { policy = '' } = sessionOf({ grant: bucket, claims: { repo } });
        expect(policy).toMatch(/^[\x20-\x7e]+$/);
        expect(JSON.parse(policy)).toEqual({ Resource: `arn:aws:s3:::a/${repo}` });
      }),
    );
  });
});

describe('the name of a session', () => {
  test('is the text where STS takes it, else readable with a hash', () => {
    expect(sessionName('ada@acme.example')).toBe('ada@acme.example');
    expect(sessionName('github|repo:acme/api')).toMatch(/^github-repo-acme-api=[\w-]{16}$/);
    expect(sessionName('a')).toMatch(/^a=[\w-]{16}$/);
    expect(sessionName('')).toMatch(/^=[\w-]{16}$/);
    expect(sessionName('a'.repeat(65))).toHaveLength(64);
  });

  test('is legal, stable, and of two texts never the same', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom('a', '|', '-', '=', ' ') }));
    fc.assert(
      fc.property(text, text, (one, other) => {
        expect(sessionName(one)).toMatch(/^[\w+=,.@-]{2,64}$/);
        expect(sessionName(one)).toBe(sessionName(one));
        if (one !== other) expect(sessionName(one)).not.toBe(sessionName(other));
      }),
    );
  });

  test('cannot be taken by a subject whose own text is another’s name', () => {
    const name = sessionName('github|repo:acme/api');
    expect(sessionName(name)).not.toBe(name);
    expect(sessionName(`${name.slice(0, -1)}é`)).not.toBe(name);
  });
});

describe('whatever a token holds', () => {
  const value = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.string({
      unit: fc.constantFrom('a', 'é', '"', '\\', '*', '$', '{', '}', '\n', '&', '<', '\u2028'),
      maxLength: 300,
    }),
    fc.integer(),
    fc.boolean(),
    fc.constant(undefined),
    fc.array(fc.string()),
  );
  const templates = fc.uniqueArray(
    fc.record({
      key: fc.constantFrom('repo', 'env', 'team', 'owner', 'cost center'),
      value: fc.constantFrom(
        [{ claim: 'x' }],
        ['p-', { claim: 'y' }],
        ['plain'],
        [{ claim: 'x' }, ':', { claim: 'z' }],
      ),
      required: fc.boolean(),
      sanitize: fc.boolean(),
    }),
    { selector: ({ key }) => key },
  );
  const statement = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::a/';
  const sessionPolicy = [statement, { claim: 'x' }, '/', { claim: 'z' }, '"}}'];

  test('STS takes the request, or Cambio refuses it before', () => {
    let made = 0;
    fc.assert(
      fc.property(
        templates,
        fc.record({ x: value, y: value, z: value }),
        fc.boolean(),
        fc.integer(),
        (tags, presented, limited, left) => {
          const world = {
            grant: {
              tags,
              transitive: tags.map(({ key }) => key),
              sourceIdentity: [{ claim: 'sub' }],
              ...(limited && { sessionPolicy }),
            },
            claims: { ...presented, exp: now + Math.max(left, 1) },
          };
          if (outcomeOf(world) !== 'made') return;
          made += 1;
          const session = sessionOf(world);
          const input = inputOf(session);
          expect(inputFaults(model, 'AssumeRole', input)).toMatchObject({ types: [], constraints: [] });
          expect(limited || packedOf(session, input) <= 100).toBe(true);
          // The keys are the policy's, and so is where each claim stands.
          expect(session.tags.every(({ key }) => tags.some((tag) => tag.key === key))).toBe(true);
          if (session.policy !== undefined) expect(Object.keys(JSON.parse(session.policy).Statement)).toHaveLength(3);
        },
      ),
      { numRuns: 500 },
    );
    expect(made).toBeGreaterThan(50);
  });

  test('tags that fit the budget are taken by STS, however little they can be packed', () => {
    const noise = fc.string({
      unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=_-@:.'),
      minLength: 200,
      maxLength: 256,
    });
    const tags = ['repo', 'env', 'team', 'owner'].map((key) => tag(key, key, { required: false }));
    fc.assert(
      fc.property(fc.record({ repo: noise, env: noise, team: noise, owner: noise }), (presented) => {
        const session = sessionOf({ grant: { tags, transitive: [], policyArns: [] }, claims: presented });
        expect(packedOf(session, inputOf(session))).toBeLessThanOrEqual(100);
      }),
    );
  });
});

type Input = ReturnType<typeof inputOf>;

function inputOf(session: RoleSession) {
  return {
    RoleArn: session.role.arn,
    RoleSessionName: session.name,
    DurationSeconds: session.durationSeconds,
    Tags: session.tags.map(({ key, value }) => ({ Key: key, Value: value })),
    TransitiveTagKeys: session.transitive,
    PolicyArns: session.policyArns.map((arn) => ({ arn })),
    ...(session.role.externalId !== undefined && { ExternalId: session.role.externalId }),
    ...(session.policy !== undefined && { Policy: session.policy }),
    ...(session.sourceIdentity !== undefined && { SourceIdentity: session.sourceIdentity }),
  };
}

/** Makes the session at the emulator, which refuses what STS would. */
function packedOf({ role: { arn } }: RoleSession, input: Input): number {
  const principal = 'arn:aws:sts::111122223333:assumed-role/token/token';
  const roles = [{ arn, trusts: ['*'], externalId: 'acme-7' }];
  const result = assumeRole(
    { caller: { principal }, roles, sessions: openSessions(() => undefined), at: now * 1_000 },
    input,
  );
  return Number((result as { PackedPolicySize?: number }).PackedPolicySize ?? 0);
}
