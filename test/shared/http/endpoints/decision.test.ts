import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import { describe, expect, test } from 'vitest';
import { decisionEndpoint } from '../../../../shared/http/endpoints/decision.ts';
import type { WriteLog } from '../../../../shared/http/log.ts';
import { decisionRecord } from '../../../../shared/oauth/decision/decision-record.ts';
import { Refused } from '../../../../shared/oauth/denial.ts';
import { github, now, policy, subjectClaims } from '../../../world.ts';

const id = '6f1c1d3e-8a4b-4c2d-9e0f-0123456789ab';
const issued = { exp: now + 300, sub: 'github|repo', clientId: 'github', audience: 'orders-api', scope: 'orders:read' };
const record = decisionRecord({
  decisionId: id,
  attempt: 'attempt',
  at: now,
  retention: 86_400,
  policyHash: 'h',
  ending: { outcome: 'granted', issued },
  request: { audiences: ['orders-api'], resources: [], scope: ['orders:read'], requestedTokenType: 'jwt' },
  subject: { verified: { issuer: github, claims: subjectClaims } },
  rule: 'main-branch',
  rules: [
    {
      id: 'main-branch',
      matched: true,
      conditions: [{ name: 'ref', wanted: ['refs/heads/main'], got: 'refs/heads/main', matched: true }],
    },
  ],
});

const principal = 'arn:aws:sts::111122223333:assumed-role/on-call/alice';

const answer = async (decisionId: string | undefined, at = now, find = async (_id: string) => record) => {
  const lines: unknown[] = [];
  const write: WriteLog = (level, message, fields) => void lines.push([level, message, fields]);
  const endpoint = decisionEndpoint({ policy, find, now: () => at, write });
  const pathParameters = decisionId === undefined ? null : { decision_id: decisionId };
  const requestContext = { identity: { userArn: principal } } as APIGatewayProxyEvent['requestContext'];
  return { ...(await endpoint({ pathParameters, requestContext }, {} as Context)), lines };
};

describe('GET /admin/decisions/{decision_id}', () => {
  test('answers the whole decision, and nobody stores it', async () => {
    const { statusCode, body, headers } = await answer(id);
    expect(statusCode).toBe(200);
    expect(headers?.['Cache-Control']).toBe('no-store');
    expect(JSON.parse(body)).toEqual({
      decision_id: id,
      at: now,
      outcome: 'granted',
      rule: 'main-branch',
      rules: record.trace.rules,
      request: { audiences: ['orders-api'], resources: [], scope: 'orders:read', requested_token_type: 'jwt' },
      subject: { issuer: 'github', sub: subjectClaims['sub'], jti: 'subject-jti', claims: subjectClaims },
      issued: {
        jti: id,
        sub: 'github|repo',
        client_id: 'github',
        audience: 'orders-api',
        scope: 'orders:read',
        exp: now + 300,
      },
      policy: 'h',
      expires_at: now + 86_400,
    });
  });

  test('answers 404 when there is none, and from the second it expires', async () => {
    const none = await answer(id, now, async () => undefined as never);
    const expired = await answer(id, record.expiresAt);
    for (const { statusCode, body } of [none, expired]) {
      expect([statusCode, JSON.parse(body).error]).toEqual([404, 'invalid_request']);
    }
    expect((await answer(id, record.expiresAt - 1)).statusCode).toBe(200);
  });

  test.each([
    undefined,
    '',
    'x',
    id.toUpperCase(),
    `${id}#`,
    `${id}/x`,
  ])('answers 400 to %j and looks nothing up', async (bad) => {
    const { statusCode, body } = await answer(bad, now, async () => expect.fail('looked up'));
    expect([statusCode, JSON.parse(body).error]).toEqual([400, 'invalid_request']);
  });

  test('answers 503 when DynamoDB fails, 500 to a bug, and says no more', async () => {
    const failing = (error: Error) => async () => {
      throw error;
    };
    const down = await answer(id, now, failing(new Refused({ kind: 'unavailable', dependency: 'dynamodb' })));
    expect([down.statusCode, down.headers?.['Retry-After']]).toEqual([503, '1']);
    const bug = await answer(id, now, failing(new TypeError('secret')));
    expect(bug.statusCode).toBe(500);
    expect(bug.body).not.toContain('secret');
  });

  test('tells whoever is on call what failed, where a bug is, and who called; of a decision it tells nothing', async () => {
    const failing = (error: Error) => async () => {
      throw error;
    };
    const cause = new Error('slow');
    const denial = { kind: 'unavailable', dependency: 'dynamodb' } as const;
    const down = await answer(id, now, failing(new Refused(denial, { cause })));
    const fields = { error: 'temporarily_unavailable', denial, cause: ['Error: slow'], principal };
    expect(down.lines).toEqual([['error', 'decision_unavailable', fields]]);
    const bug = await answer(id, now, failing(new TypeError('secret')));
    expect(JSON.parse(bug.body)).toEqual({ error: 'server_error', error_description: 'unexpected error' });
    const place = expect.arrayContaining(['TypeError', expect.stringContaining('at ')]);
    expect(bug.lines).toEqual([['error', 'decision_unavailable', { error: 'server_error', place, principal }]]);
    expect(JSON.stringify(bug.lines)).not.toContain('secret');
    expect((await answer(id)).lines).toEqual([]);
  });
});
