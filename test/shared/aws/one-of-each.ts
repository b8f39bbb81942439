// One item of every kind and form, as the present version writes them: what a release leaves to the next one.
import type { CallDynamoDb } from '../../../shared/aws/dynamodb.ts';
import { seedKeyring } from '../../../shared/aws/keys/keyring-seed.ts';
import { recordsOf, revocationsOf } from '../../../shared/aws/records/records.ts';
import { createReserveStatus } from '../../../shared/aws/records/status-positions.ts';
import { createEndSuspension, createRecordSuspension } from '../../../shared/aws/records/suspensions.ts';
import { type DecisionInput, decisionRecord } from '../../../shared/oauth/decision/decision-record.ts';
import type { RevocationRecord } from '../../../shared/oauth/revocation/revocation.ts';
import type { IssuedClaims } from '../../../shared/oauth/tokens/issued-token.ts';
import { now, ordersRule, policy } from '../../world.ts';
import { makeMac, makingOf } from './test-mac.ts';

/** Ids of the three decisions: a grant, a refusal that is deflated, a grant with a handle and a status. */
export const [granted, refused, referred] = [1, 2, 3].map((n) => `00000000-0000-4000-8000-00000000000${n}`) as [
  string,
  string,
  string,
];
const attempt = '00000000-0000-4000-8000-000000000101';
const principal = 'arn:aws:iam::111122223333:role/ops';

/** Hashes of the handles of two reference tokens, of the first decision and of the third. */
export const handles = ['e'.repeat(64), 'f'.repeat(64)] as const;
export const singleUse = {
  issuer: 'https://token.actions.githubusercontent.com',
  jti: 'token-1',
  expiresAt: now + 600,
};
export const assertion = { issuer: 'checkout', jti: 'assertion-1', expiresAt: now + 60 };
export const statusList = 'es256-aoqb-0';

const issuer = {
  name: 'github',
  claims: { sub: 'string', jti: 'string', repository: 'string', actor: 'string' },
  private: ['actor'],
} as const;
const claims = { sub: 'repo:acme/api:environment:prod', jti: 'token-1', repository: 'acme/api', actor: 'ada' };
const subject = { verified: { issuer, claims } };
const longSubject = { verified: { issuer, claims: { ...claims, repository: `acme/${'r'.repeat(1_500)}` } } };

const input: Omit<DecisionInput, 'decisionId' | 'ending'> = {
  ...{ attempt, at: now, retention: 2_592_000, policyHash: policy.hash, rule: ordersRule.id },
  rules: [
    {
      id: ordersRule.id,
      matched: true,
      conditions: [{ name: 'repository', wanted: ['acme/*'], got: 'acme/api', matched: true }],
    },
    {
      id: 'others',
      matched: false,
      conditions: [{ name: 'sub', wanted: ['x'], got: 'y', matched: false, hint: 'differs' }],
    },
  ],
  request: {
    ...{ audiences: ['orders-api'], resources: [], scope: ['orders:read'], client: 'checkout' },
    requestedTokenType: 'urn:ietf:params:oauth:token-type:access_token',
  },
};
const issued = {
  ...{ exp: now + 300, sub: `github|${claims.sub}`, clientId: 'checkout', audience: 'orders-api' },
  ...{ scope: 'orders:read', family: granted },
};
const revocation = { issuedBefore: now, expiresAt: now + 2_592_000, reason: 'incident', at: now, principal } as const;

export const revocations: readonly RevocationRecord[] = [
  { ...revocation, by: 'jti', value: granted, listed: false },
  { ...revocation, by: 'issuer', value: 'github', listed: true },
  { ...revocation, by: 'subject', value: issued.sub, kept: 'sha256:abc', listed: false },
];

function claimsOf(jti: string): IssuedClaims {
  const lineage = { origin: { iss: 'github', iat: now } };
  return { iss: 'https://id.acme.example', sub: issued.sub, aud: 'orders-api', iat: now, exp: now + 300, jti, lineage };
}

/** Writes them all into an empty table. */
export async function writeOneOfEach(call: CallDynamoDb, table: string): Promise<void> {
  const random = () => 0;
  const { recordRevocation } = revocationsOf({ call, table });
  const { recordDecision, recordReference, takeUse } = recordsOf({
    ...{ call, table, random, now: () => now },
    entersList: () => true,
  });
  const publicJwk = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' };
  const first = { kid: 'token.first', alg: 'ES256', keyId: 'arn:key', state: 'current', publicJwk } as const;
  await seedKeyring({ call, table, makeMac }, makingOf({ keys: [first] }), false);
  const record = (changes: Pick<DecisionInput, 'decisionId' | 'ending'> & Partial<DecisionInput>) =>
    decisionRecord({ ...input, subject, ...changes });
  const grant = { outcome: 'granted', issued } as const;
  await recordDecision(record({ decisionId: granted, ending: grant }));
  const ending = { outcome: 'refused', error: 'invalid_target', reason: 'no_rule', detail: 'no rule' } as const;
  await recordDecision(record({ decisionId: refused, ending, subject: longSubject, actor: subject }));
  await recordDecision({
    ...record({ decisionId: referred, ending: grant }),
    ...{ handleHash: handles[1], repetition: 'first' },
    status: { list: statusList, index: 7, revocableBy: [{ by: 'issuer', value: 'github', issuedAt: now }] },
  });
  await recordReference({ handleHash: handles[0], claims: claimsOf(granted) });
  await recordReference({ handleHash: handles[1], claims: claimsOf(referred), repeatable: true });
  await takeUse({ use: singleUse, attempt, purpose: { request: 'b'.repeat(64), jti: granted, at: now } });
  await takeUse({ use: assertion, attempt });
  for (const one of revocations) await recordRevocation(one);
  const suspension = { reason: 'incident', at: now, principal };
  const suspend = createRecordSuspension(call, table);
  await suspend({ ...suspension, kind: 'client', name: 'checkout' });
  await suspend({ ...suspension, kind: 'rule', name: 'deploy', until: now + 3_600 });
  await createEndSuspension(call, table)({ kind: 'issuer', name: 'github', at: now, principal });
  const reserve = createReserveStatus({ call, table, now: () => now, randomInt: () => 0 });
  for (const audience of Object.values(policy.audiences).slice(0, 1)) await reserve({ ...audience, alg: 'ES256' });
}
