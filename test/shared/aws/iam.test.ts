// The inline policy of a role against the local IAM: what is asked, what is asked again, and what is told.
import { createServer } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Iam } from '../../../infra/local/sts/iam.ts';
import { startIam } from '../../../infra/local/sts/iam.ts';
import { createRolePolicy, IamError } from '../../../shared/aws/iam.ts';
import { accountId, emulatorOptions, lambda, lambdaArn } from '../../infra/local/emulators.ts';

const arn = `arn:aws:iam::${accountId}:role/ci/deploy`;
const boundary = `arn:aws:iam::${accountId}:policy/boundary`;
const text = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"é<&%"}]}';
const world = emulatorOptions();
let iam: Iam;

beforeAll(async () => {
  iam = await startIam({
    ...world.options,
    roles: [{ arn, boundary }, { arn: arn.replace(accountId, '999999999999') }],
  });
});
beforeEach(() => {
  world.calls.splice(0);
});
afterEach(() => {
  world.faults.inject = () => undefined;
});
afterAll(() => iam.close());

const policyOf = (role = arn, endpoint: string | undefined = iam.url) =>
  createRolePolicy({ endpoint, clock: Date.now, random: () => 0 })(role, lambda);
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof IamError ? error.code : `no IamError: ${error}`),
  );
const actions = () => world.calls.map(({ action }) => action);

describe('the inline policy of a role', () => {
  test('is read, written and removed; to read or remove what is not there is fine', async () => {
    const policy = policyOf();
    expect(await policy.read()).toBeUndefined();
    await policy.remove();
    expect(await policy.write(text)).toBe(true);
    expect(await policy.read()).toBe(text);
    expect([...iam.policiesOf(arn).keys()]).toEqual(['cambio-revocations']);
    await policy.remove();
    expect([...iam.policiesOf(arn).keys()]).toEqual([]);
    expect(world.calls.find(({ action }) => action === 'iam:PutRolePolicy')).toMatchObject({
      principal: lambdaArn,
      resource: arn,
      context: { 'iam:PermissionsBoundary': boundary },
    });
  });

  test('of a role without room is not written, and the other policies are as they were', async () => {
    const policies = iam.policiesOf(arn) as Map<string, string>;
    const big = JSON.stringify({ Statement: { Effect: 'Allow', Action: 'a'.repeat(10_140), Resource: '*' } });
    policies.set('own', big);
    expect(await policyOf().write(text)).toBe(false);
    expect([...policies]).toEqual([['own', big]]);
    policies.clear();
    expect(await policyOf().write(text)).toBe(true);
    policies.clear();
  });

  test('that is none is told, and so is a role that is not there', async () => {
    expect(await codeOf(policyOf().write('{"Version":"2012-10-17"}'))).toBe('MalformedPolicyDocument');
    expect(await codeOf(policyOf(arn.replace('deploy', 'nobody')).write(text))).toBe('NoSuchEntity');
    expect(actions()).toEqual(['iam:PutRolePolicy', 'iam:PutRolePolicy']);
  });

  test.each([
    ['Throttling', 400],
    ['RequestLimitExceeded', 503],
    ['ServiceFailure', 500],
    ['ConcurrentModification', 409],
  ])('is asked for again while IAM says %s, at most three times more', async (code, status) => {
    let left = 3;
    world.faults.inject = () => (left-- > 0 ? { code, status } : undefined);
    expect(await codeOf(policyOf().read())).toBe('done');
    left = 4;
    expect(await codeOf(policyOf().read())).toBe(code);
    expect(actions()).toHaveLength(8);
  });

  test.each([
    ['AccessDenied', 403],
    ['InvalidClientTokenId', 403],
    ['UnmodifiableEntity', 400],
  ])('is not asked for again when IAM says %s', async (code, status) => {
    world.faults.inject = () => ({ code, status });
    expect(await codeOf(policyOf().write(text))).toBe(code);
    expect(actions()).toHaveLength(1);
  });

  test('an IAM that answers no XML, or hangs up, is asked again and then told', async () => {
    let answers = 0;
    const server = createServer((request, response) => {
      answers += 1;
      if (answers % 2 === 0) request.destroy();
      else response.writeHead(503).end('busy');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    expect(await codeOf(policyOf(arn, `http://127.0.0.1:${port}`).read())).toContain('no IamError');
    expect(answers).toBe(4);
    server.close();
  });

  test('of a partition whose endpoint nobody knows is not asked for', async () => {
    expect(await codeOf(policyOf(arn.replace('arn:aws:', 'arn:aws-iso:')).read())).toContain('no endpoint of IAM');
  });
});
