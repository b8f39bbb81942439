import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import { describe, expect, test } from 'vitest';
import { decisionsEndpoint } from '../../../../shared/http/endpoints/decisions.ts';
import type {
  FindListed,
  ListedDecision,
  ListPart,
  PartQuery,
} from '../../../../shared/oauth/decision/decision-list.ts';
import { Refused } from '../../../../shared/oauth/denial.ts';
import { now, policy } from '../../../world.ts';

const id = (digit: number) => `${digit}f1c1d3e-8a4b-4c2d-9e0f-0123456789ab`;
const decision = (digit: number): ListedDecision => ({
  ...{ decisionId: id(digit), at: now - digit, expiresAt: now + 60 },
  ...{ outcome: 'refused', reason: 'no_rule' },
});

type Parameters = Readonly<Record<string, readonly string[]>>;

const asked = async (parameters: Parameters = {}, index: 'all' | 'refusals' = 'all', failure?: Error) => {
  const queries: (ListPart & PartQuery)[] = [];
  const find: FindListed = async (part, query) => {
    queries.push({ ...part, ...query });
    if (failure) throw failure;
    const first = part.outcome === 'refused' && part.shard === 0;
    return first
      ? [decision(1), decision(2)].filter(query.matches).filter(({ at }) => Math.floor(at / 60) === part.minute)
      : [];
  };
  const endpoint = decisionsEndpoint({ policy, index, find, now: () => now, clock: () => 0, write: () => {} });
  const event = { multiValueQueryStringParameters: parameters, requestContext: { identity: {} } };
  const { statusCode, body } = await endpoint(event as unknown as APIGatewayProxyEvent, {} as Context);
  return { statusCode, body: JSON.parse(body) as Record<string, unknown>, queries };
};

describe('GET /admin/decisions', () => {
  test('answers the hour until now, newest first, and where to go on', async () => {
    const { statusCode, body, queries } = await asked({ limit: ['1'] });
    expect(statusCode).toBe(200);
    expect(body).toEqual({
      decisions: [{ decision_id: id(1), at: now - 1, outcome: 'refused', reason: 'no_rule' }],
      next: `${now - 1}.${id(1)}`,
    });
    expect(queries[0]).toMatchObject({ since: now - 3_600, until: now, most: 2 });
    const rest = await asked({ next: [String(body['next'])] });
    expect(rest.body).toEqual({
      decisions: [{ decision_id: id(2), at: now - 2, outcome: 'refused', reason: 'no_rule' }],
    });
  });

  test('reads the parts of the named outcome, and of no other', async () => {
    const outcomes = async (parameters: Parameters, index?: 'refusals') =>
      [...new Set((await asked(parameters, index)).queries.map(({ outcome }) => outcome))].join(' ');
    expect(await outcomes({})).toBe('granted refused');
    expect(await outcomes({ outcome: ['granted'] })).toBe('granted');
    expect(await outcomes({}, 'refusals')).toBe('refused');
  });

  test.each<[string, string, string[], string[]]>([
    ['since', 'malformed', ['yesterday'], [String(now - 60)]],
    ['since', 'malformed', [String(now + 1)], [String(now)]],
    ['until', 'malformed', ['1.5'], [String(now)]],
    ['outcome', 'malformed', ['denied'], ['refused']],
    ['reason', 'malformed', ['because'], ['no_rule']],
    ['limit', 'malformed', ['0'], ['1']],
    ['limit', 'malformed', ['501'], ['500']],
    ['next', 'malformed', ['abc'], [String(now)]],
    ['limit', 'repeated', ['1', '1'], ['1']],
    ['sinse', 'unsupported', ['1'], []],
  ])('refuses %s that is %s', async (name, problem, wrong, right) => {
    const { statusCode, body } = await asked({ [name]: wrong });
    expect([statusCode, body['error'], body['error_description']]).toEqual([
      400,
      'invalid_request',
      expect.stringContaining(`${name} is ${problem}`),
    ]);
    expect((await asked(right.length > 0 ? { [name]: right } : {})).statusCode).toBe(200);
  });

  test('has no grants where refusals alone are listed, and is 503 without the store', async () => {
    expect((await asked({ outcome: ['granted'] }, 'refusals')).statusCode).toBe(400);
    expect((await asked({ outcome: ['granted'] })).statusCode).toBe(200);
    const down = new Refused({ kind: 'unavailable', dependency: 'dynamodb' });
    expect((await asked({}, 'all', down)).statusCode).toBe(503);
  });
});
