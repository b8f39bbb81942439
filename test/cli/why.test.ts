import { describe, expect, test } from 'vitest';
import { type HttpRequest, NoAnswer } from '../../cli/http-client.ts';
import { cambioIn } from './cambio.ts';

const id = '6f1c1d3e-8a4b-4c2d-9e0f-0123456789ab';
const decision = {
  decision_id: id,
  at: 1_795_000_000,
  outcome: 'refused',
  error: 'invalid_target',
  reason: 'no_rule',
  rules: [
    {
      id: 'main',
      matched: false,
      conditions: [{ name: 'ref', wanted: ['refs/heads/main'], got: 'x\u001b[2J', matched: false, hint: 'look' }],
    },
  ],
  subject: { issuer: 'github', claims: { sub: 'repo:a' } },
};
const credentials = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret', AWS_SESSION_TOKEN: 'session' };

interface Asked {
  url: string;
  headers: Record<string, string>;
}

const answering = (status: number, body: unknown, asked: Asked[] = []) => ({
  send: async ({ url, headers }: HttpRequest) => {
    asked.push({ url: String(url), headers: { ...headers } });
    return { status, headers: {}, body: JSON.stringify(body) };
  },
});

describe('cambio why', () => {
  test('asks the server with a signed request and prints the tree', async () => {
    const asked: Asked[] = [];
    const environment = { ...credentials, CAMBIO_URL: 'https://abc.execute-api.eu-west-1.amazonaws.com/live/' };
    const { exit, stdout, stderr } = await cambioIn({ ...answering(200, decision, asked), environment }, 'why', id);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    expect(stdout.split('\n')).toEqual([
      `${id} 2026-11-18T11:06:40.000Z refused: invalid_target, reason no_rule`,
      'subject',
      '  issuer: "github"',
      '  sub: "repo:a"',
      'rules',
      '  ✗ main',
      '      ✗ ref: wanted "refs/heads/main", got "x\\u001b[2J"',
      '          hint: look',
      '',
    ]);
    expect(asked[0]?.url).toBe(`https://abc.execute-api.eu-west-1.amazonaws.com/live/admin/decisions/${id}`);
    expect(asked[0]?.headers['authorization']).toMatch(/Credential=AKIDEXAMPLE\/\d{8}\/eu-west-1\/execute-api\//);
    expect(asked[0]?.headers['x-amz-security-token']).toBe('session');
  });

  test('prints the session of AWS credentials, and what STS said of one it refused', async () => {
    const session = {
      role_arn: 'arn:aws:iam::111122223333:role/a',
      dropped_tags: [{ key: 'team', problem: 'missing' }],
    };
    const granted = { ...decision, outcome: 'granted', error: undefined, issued: { audience: 'a', session } };
    expect((await cambioIn(answering(200, granted), 'why', id)).stdout).toContain(
      'issued\n  audience: "a"\nsession\n  role_arn: "arn:aws:iam::111122223333:role/a"\n  dropped_tags: [{"key":"team"',
    );
    const refused = { ...decision, reason: 'sts', detail: 'AccessDenied: User' };
    expect((await cambioIn(answering(200, refused), 'why', id)).stdout).toContain(
      'because\n  detail: "AccessDenied: User"',
    );
  });

  test('says which check a refused token failed, and whose token it was', async () => {
    const { rules: _, ...head } = decision;
    const refused = {
      ...head,
      reason: 'audience',
      detail: 'aud names others beside us',
      subject: { issuer: 'github' },
    };
    expect((await cambioIn(answering(200, refused), 'why', id)).stdout.split('\n').slice(1)).toEqual([
      'because',
      '  detail: "aud names others beside us"',
      'subject',
      '  issuer: "github"',
      'rules',
      '  none was evaluated',
      '',
    ]);
    const { detail: _detail, ...without } = refused;
    expect((await cambioIn(answering(200, without), 'why', id)).stdout).not.toContain('because');
  });

  test('prints the document itself with --json', async () => {
    const { stdout } = await cambioIn(answering(200, decision), 'why', id, '--json');
    expect(JSON.parse(stdout)).toEqual(decision);
  });

  test.each([
    [403, 1, 'not allowed'],
    [404, 1, 'no such decision'],
    [400, 1, 'words of the server'],
    [429, 3, 'words of the server'],
    [503, 3, 'words of the server'],
  ])('ends a %d with exit %d', async (status, exit, words) => {
    const ran = await cambioIn(answering(status, { error_description: 'words of the server' }), 'why', id);
    expect([ran.exit, ran.stdout]).toEqual([exit, '']);
    expect(ran.stderr).toContain(words);
  });

  test('exits 3 when nobody answers', async () => {
    const send = async () => {
      throw new NoAnswer('no answer from 127.0.0.1:8787: ECONNREFUSED', false);
    };
    const { exit, stderr } = await cambioIn({ send }, 'why', id);
    expect(exit).toBe(3);
    expect(stderr).toContain('ECONNREFUSED');
  });

  test.each<[string, string[], Record<string, string>]>([
    ['a decision id is a UUID', ['why', 'x'], {}],
    ['why needs DECISION_ID', ['why'], {}],
    ['set AWS_ACCESS_KEY_ID', ['why', id, '--url', 'https://sts.acme.example'], {}],
    ['must be https', ['why', id, '--url', 'http://sts.acme.example'], credentials],
    ['is no URL', ['why', id, '--url', 'nonsense'], credentials],
  ])('answers wrong usage with exit 2: %s', async (problem, words, environment) => {
    const { exit, stderr } = await cambioIn({ environment }, ...words);
    expect(exit).toBe(2);
    expect(stderr).toContain(problem);
  });
});
