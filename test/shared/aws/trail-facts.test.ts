// What a change of the table is in the audit trail: one event, a finding, or nothing; and never a token.
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { trailEvent } from '../../../shared/audit/trail-event.ts';
import type { CallDynamoDb, Item } from '../../../shared/aws/dynamodb.ts';
import { deployedPolicyIn, recordDeployedPolicy } from '../../../shared/aws/policy/deployed-policy.ts';
import {
  decisionKey,
  keyringKey,
  nonceKey,
  quotaKey,
  referenceKey,
  revokedKey,
  statusSeriesKey,
  suspendedKey,
  usedKey,
} from '../../../shared/aws/records/record-keys.ts';
import { decisionItem } from '../../../shared/aws/records/stored-decision.ts';
import { type StreamRecord, trailFact } from '../../../shared/aws/trail-facts.ts';
import { type DecisionInput, decisionRecord, type Ending } from '../../../shared/oauth/decision/decision-record.ts';
import { now } from '../../world.ts';

const decisionId = '0b7a7c9e-1111-4222-8333-444455556666';
const issuer = {
  name: 'okta',
  claims: { sub: 'string', jti: 'string', email: 'string', act: 'object' },
  private: ['email'],
} as const;
const issued = { exp: now + 300, sub: 'okta|u-1', clientId: 'checkout', audience: 'orders-api', scope: 'orders:read' };
const grant: Ending = { outcome: 'granted', issued };
const refusal: Ending = { outcome: 'refused', error: 'temporarily_unavailable', reason: 'unavailable' };
const input: DecisionInput = {
  ...{
    decisionId,
    attempt: 'a-1',
    correlation: '0af7651916cd43dd8448eb211c80319c',
    at: now,
    retention: 86_400,
    policyHash: 'h',
  },
  ending: grant,
  rule: 'checkout-for-user',
  request: { audiences: ['orders-api'], resources: [], scope: ['orders:read'], client: 'checkout' },
  subject: {
    verified: { issuer, claims: { sub: 'u-1', jti: 'j-1', email: 'mail@acme.example', iat: now - 5, exp: now + 600 } },
    sha256: 'ab'.repeat(32),
  },
  actor: { verified: { issuer: { ...issuer, name: 'eks' }, claims: { sub: 'system:serviceaccount:shop:checkout' } } },
};
const itemOf = (changes: Partial<DecisionInput> = {}, issuedHash = 'cd'.repeat(32)): Item => {
  const record = decisionRecord({ ...input, ...changes });
  return decisionItem({ ...record, sha256: { ...record.sha256, issued: issuedHash } }, true);
};
const changed = (
  pk: string,
  images: { NewImage?: Item; OldImage?: Item },
  more: Partial<StreamRecord> = {},
): StreamRecord => ({
  eventID: 'e-1',
  eventName: images.NewImage ? (images.OldImage ? 'MODIFY' : 'INSERT') : 'REMOVE',
  dynamodb: { ApproximateCreationDateTime: now, Keys: { pk: { S: pk } }, SequenceNumber: '100', ...images },
  ...more,
});
const seen = { uid: 'e-1', loggedAt: now * 1_000, sequence: '100' };
const eventOf = (record: StreamRecord) => {
  const fact = trailFact(record);
  return fact && JSON.parse(JSON.stringify(trailEvent(fact, 'https://issuer.example', seen)));
};
const decided = (NewImage: Item, OldImage?: Item) =>
  changed(decisionKey(decisionId), { NewImage, ...(OldImage && { OldImage }) });

describe('a decision', () => {
  test('says who got what, by which rule, for how long, with hashes of the tokens and none of them', () => {
    const event = eventOf(decided(itemOf()));
    expect(event).toMatchObject({
      class_uid: 3002,
      type_uid: 300_204,
      status_id: 1,
      time: now * 1_000,
      metadata: {
        uid: 'e-1',
        version: '1.7.0',
        correlation_uid: '0af7651916cd43dd8448eb211c80319c',
        logged_time: now * 1_000,
      },
      user: { uid: 'okta|u-1', domain: 'okta' },
      actor: {
        app_uid: 'checkout',
        authorizations: [{ decision: 'granted', policy: { uid: 'h', name: 'checkout-for-user' } }],
      },
      service: { name: 'orders-api' },
      session: { uid: decisionId, issuer: 'https://issuer.example', expiration_time: (now + 300) * 1_000 },
      unmapped: {
        decision_id: decisionId,
        client: 'checkout',
        subject: { issuer: 'okta', sub: 'u-1', jti: 'j-1', sha256: 'ab'.repeat(32) },
        actor_chain: ['eks|system:serviceaccount:shop:checkout'],
        issued: { jti: decisionId, lifetime: 300, sha256: 'cd'.repeat(32) },
        sequence: '100',
      },
    });
    expect(JSON.stringify(event)).not.toContain('mail@acme.example');
  });

  test('that is refused says why', () => {
    const ending: Ending = { outcome: 'refused', error: 'invalid_target', reason: 'no_rule' };
    expect(eventOf(decided(itemOf({ ending })))).toMatchObject({
      ...{ status_id: 2, status_code: 'no_rule', severity_id: 2 },
      unmapped: { error: 'invalid_target' },
    });
  });

  test('has the whole chain of those who act', () => {
    const act = { sub: 'eks|a', act: { sub: 'eks|b' } };
    const subject = { verified: { issuer: { ...issuer, name: 'self' }, claims: { sub: 'okta|u-1', act } } };
    const chain = ['eks|system:serviceaccount:shop:checkout', 'eks|a', 'eks|b'];
    expect(eventOf(decided(itemOf({ subject }))).unmapped.actor_chain).toEqual(chain);
  });

  test.each<[string, Item, Item, string | undefined]>([
    ['a refusal in the place of its own grant corrects it', itemOf(), itemOf({ ending: refusal }), 'corrected'],
    ['a refusal of another request does not', itemOf(), itemOf({ ending: refusal, attempt: 'a-2' }), undefined],
    ['the identical request again repeats it', itemOf(), itemOf({ attempt: 'a-2', at: now + 2 }), 'repeated'],
    [
      'what grants something else does not',
      itemOf(),
      itemOf({ ending: { outcome: 'granted', issued: { ...issued, scope: 'all' } } }),
      undefined,
    ],
    [
      'what another subject is granted does not',
      itemOf(),
      itemOf({ subject: { ...input.subject, verified: { issuer, claims: { sub: 'u-2', jti: 'j-1' } } } }),
      undefined,
    ],
    [
      'what another token is granted does not',
      itemOf(),
      itemOf({ subject: { ...input.subject, sha256: 'ef'.repeat(32) } }),
      undefined,
    ],
    ['a refusal long after does not', itemOf({ at: now - 600 }), itemOf({ ending: refusal }), undefined],
    ['a repetition long after does not', itemOf({ at: now - 600 }), itemOf({ attempt: 'a-2' }), undefined],
    ['an earlier end does not', itemOf(), { ...itemOf(), expiresAt: { N: '1' } }, undefined],
    ['what another rule grants does not', itemOf(), itemOf({ rule: 'other' }), undefined],
    [
      'a refusal is not made another refusal',
      itemOf({ ending: refusal }),
      itemOf({ ending: { ...refusal, reason: 'no_rule' } }),
      undefined,
    ],
    [
      'a refusal is not made a grant of another token',
      itemOf({ ending: refusal }),
      itemOf({ subject: { ...input.subject, sha256: 'ef'.repeat(32) } }),
      undefined,
    ],
    [
      'a request that failed beside an identical one that did not is repeated',
      itemOf({ ending: refusal }),
      itemOf({ attempt: 'a-2' }),
      'repeated',
    ],
  ])('%s', (_what, before, after, nature) => {
    const event = eventOf(decided(after, before));
    if (nature !== undefined) expect(event).toMatchObject({ class_uid: 3002, unmapped: { nature } });
    else
      expect(event).toMatchObject({
        class_uid: 2004,
        severity_id: 4,
        finding_info: { types: ['altered'] },
        unmapped: { decision_id: decisionId },
      });
  });

  test('that expires is no event, and one that is deleted is a finding', () => {
    const removed = (more: Partial<StreamRecord>) =>
      eventOf(changed(decisionKey(decisionId), { OldImage: itemOf() }, more));
    const ttl = { userIdentity: { type: 'Service', principalId: 'dynamodb.amazonaws.com' } };
    expect(removed(ttl)).toBeUndefined();
    expect(removed({})).toMatchObject({ class_uid: 2004, finding_info: { types: ['deleted'] } });
    expect(removed({ userIdentity: { type: 'Service', principalId: 'other.amazonaws.com' } })).toMatchObject({
      class_uid: 2004,
    });
  });

  test('that cannot be read is a finding, and holds nothing up', () => {
    const broken = { ...itemOf(), doc: { S: '{' } };
    expect(eventOf(decided(broken))).toMatchObject({ class_uid: 2004, finding_info: { types: ['unreadable'] } });
  });
});

describe('what else changes', () => {
  const text = (value: string) => ({ S: value });

  test('a revocation and a suspension say who, what and why', () => {
    const pk = revokedKey('jti', 'ab');
    const revoked = {
      pk: text(pk),
      by: text('jti'),
      value: text('j-9'),
      issuedBefore: { N: '5' },
      reason: text('leaked'),
      at: { N: String(now) },
      principal: text('arn:op'),
    };
    expect(eventOf(changed(pk, { NewImage: revoked }))).toMatchObject({
      ...{ class_uid: 3004, activity_id: 1, time: now * 1_000, comment: 'leaked' },
      actor: { user: { uid: 'arn:op' } },
      entity: { type: 'revocation', name: 'jti#ab', data: { by: 'jti', value: 'j-9', issuedBefore: 5 } },
    });
    const other = suspendedKey({ kind: 'client', name: 'acme/checkout' });
    const suspended = {
      pk: text(other),
      kind: text('client'),
      name: text('acme/checkout'),
      reason: text('ended'),
      until: { N: '7' },
    };
    expect(eventOf(changed(other, { NewImage: suspended, OldImage: {} }))).toMatchObject({
      activity_id: 3,
      entity: { type: 'suspension', name: 'client#acme/checkout', data: { until: 7 } },
    });
  });

  test('the keyring says which keys are in which state', () => {
    const keys = [{ kid: 'k', alg: 'ES256', keyId: 'arn:k', state: 'current', publicJwk: { x: 'x' } }];
    const event = eventOf(
      changed(keyringKey, { NewImage: { pk: text(keyringKey), keys: text(JSON.stringify(keys)) } }),
    );
    expect(event.entity).toMatchObject({
      type: 'keyring',
      data: { keys: [{ kid: 'k', alg: 'ES256', key_id: 'arn:k', state: 'current' }] },
    });
  });

  test('a policy that is deployed says which, and its quotas', async () => {
    const puts: Item[] = [];
    const call = (async (_: string, { Item: item }: { readonly Item: Item }) => {
      puts.push(item);
      return {};
    }) as unknown as CallDynamoDb;
    for (const [hash, quotas] of [
      ['h-1', '{}'],
      ['h-2', '{"clients":{}}'],
    ] as const) {
      await recordDeployedPolicy({ call, table: 'records' }, deployedPolicyIn({ hash, quotas }), now);
    }
    const [before = {}, after = {}] = puts;
    const event = eventOf(changed(String(after['pk']?.S), { NewImage: after, OldImage: before }));
    expect(event).toMatchObject({
      ...{ class_uid: 3004, activity_name: 'Update', time: now * 1_000 },
      entity: { type: 'policy', data: { hash: 'h-2', quotas: '{"clients":{}}' } },
    });
    expect(() => deployedPolicyIn({ hash: 'h-1' })).toThrow('Policy must be {hash, quotas}');
  });

  test('a kind of item that nobody has thought of yet is an event, with the hash of what it holds', () => {
    const event = eventOf(
      changed('#tenant#acme', { NewImage: { pk: text('#tenant#acme'), policy: text('secret: x') } }),
    );
    expect(event.entity).toMatchObject({
      type: 'tenant',
      name: 'acme',
      data: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    expect(JSON.stringify(event)).not.toContain('secret');
    expect(eventOf(changed('#tenant#acme', { OldImage: {} }))).toMatchObject({ finding_info: { types: ['deleted'] } });
  });

  test.each([
    usedKey('h'),
    nonceKey('1'),
    referenceKey('h'),
    statusSeriesKey('es256-1'),
    quotaKey('client', 'a'),
  ])('%s is nobody’s decision', (pk) => {
    expect(eventOf(changed(pk, { NewImage: { pk: text(pk), claims: text(randomUUID()) } }))).toBeUndefined();
    const ttl = { userIdentity: { type: 'Service', principalId: 'dynamodb.amazonaws.com' } };
    expect(eventOf(changed(pk, { OldImage: { pk: text(pk) } }, ttl))).toBeUndefined();
    expect(eventOf(changed(pk, { OldImage: { pk: text(pk) } }))).toMatchObject({
      finding_info: { types: ['deleted'] },
    });
  });

  test('claims of a handle are written once', () => {
    const [pk, NewImage] = [referenceKey('h'), { claims: text('b') }];
    expect(eventOf(changed(pk, { NewImage }))).toBeUndefined();
    expect(eventOf(changed(pk, { NewImage, OldImage: { claims: text('a') } }))).toMatchObject({
      finding_info: { types: ['altered'] },
    });
  });
});
