// Why a target is none: what an operator reads, and in part the caller.
import { expect, test } from 'vitest';
import { type Denial, Refused } from '../../../../shared/oauth/denial.ts';
import { oauthError } from '../../../../shared/oauth/oauth-error.ts';
import { grantedScopes, parseScope } from '../../../../shared/oauth/request/scope.ts';
import { resolveTarget } from '../../../../shared/oauth/request/target.ts';
import { policy } from '../../../world.ts';

function denialOf(attempt: () => unknown): Denial {
  try {
    return expect.fail(`no refusal but ${JSON.stringify(attempt())}`);
  } catch (error) {
    if (error instanceof Refused) return error.denial;
    throw error;
  }
}

const resolve = (audiences: readonly string[], resources: readonly string[]) =>
  resolveTarget({ asked: { audiences, resources, scope: undefined } }, policy);

const orders = 'https://orders.acme.example';

test.each<[string[], string[], Extract<Denial, { kind: 'target' }>['problem']]>([
  [[], [], 'missing'],
  [[], ['/orders'], 'malformed'],
  [['orders-api'], [`${orders}#`], 'malformed'],
  [['orders'], [], 'unknown'],
  [['orders-api', 'orders'], [], 'unknown'],
  [['orders', 'orders-api'], [], 'unknown'],
  [['orders-api'], ['https://other.example'], 'unknown'],
  [[], ['orders-api'], 'malformed'],
  [[], ['urn:orders'], 'unknown'],
  [['orders-api', 'plain'], [], 'several'],
  [['plain'], [orders], 'several'],
])('audience %j with resource %j is %s', (audiences, resources, problem) => {
  expect(denialOf(() => resolve(audiences, resources))).toEqual({ kind: 'target', problem });
  expect(resolve(['orders-api', orders], [orders]).name).toBe('orders-api');
});

test('an origin is one resource with and without its final slash, and nothing else is normalised', () => {
  const named = (written: string, asked: string): string | undefined => {
    const audience = { ...(policy.audiences['orders-api'] ?? expect.fail('no audience')), resource: written };
    const served = { audiences: { 'orders-api': audience }, roles: {} };
    const ask = (audiences: readonly string[], resources: readonly string[]) => {
      try {
        return resolveTarget({ asked: { audiences, resources, scope: undefined } }, served).name;
      } catch (error) {
        return error instanceof Refused ? undefined : expect.fail(String(error));
      }
    };
    expect(ask([asked], [])).toBe(ask([], [asked]));
    return ask([asked, 'orders-api'], [written, asked]);
  };
  expect([named(orders, `${orders}/`), named(`${orders}/`, orders), named(`${orders}/`, `${orders}/`)]).toEqual(
    Array.from({ length: 3 }, () => 'orders-api'),
  );
  expect(named('http://localhost:8080', 'http://localhost:8080/')).toBe('orders-api');
  for (const [written, asked] of [
    [orders, `${orders}//`],
    [orders, `${orders}:443`],
    [orders, 'https://Orders.acme.example/'],
    [orders, 'HTTPS://orders.acme.example'],
    [orders, `${orders}/?`],
    [`${orders}/a`, `${orders}/a/`],
    [`${orders}?a`, `${orders}/?a`],
    ['api://orders', 'api://orders/'],
    ['urn:orders', 'urn:orders/'],
    [orders, orders.slice(0, -1)],
  ] as const) {
    expect([written, asked, named(written, asked)]).toEqual([written, asked, undefined]);
    expect(named(written, written)).toBe('orders-api');
  }
});

test('the caller is told what it sent wrong, and not which targets there are', () => {
  const told = (problem: Extract<Denial, { kind: 'target' }>['problem']) => oauthError({ kind: 'target', problem });
  expect(told('missing').description).toBe('audience or resource is missing');
  expect(told('malformed').description).toBe('resource must be an absolute URI without a fragment');
  for (const problem of ['several', 'changed'] as const) expect(told(problem)).toEqual(told('unknown'));
});

test('a scope of more than 100 words is refused, whatever it begins with', () => {
  const scope = (count: number) => ['a', ...Array.from({ length: count - 1 }, (_, n) => `s${n}`)].join(' ');
  expect(denialOf(() => parseScope(scope(101)))).toEqual({ kind: 'scope', problem: 'malformed' });
  expect(parseScope(scope(100))).toHaveLength(100);
  for (const bad of ['a  b', ' a', 'a ', '"', '\\', 'é', '\u007f']) {
    expect(denialOf(() => parseScope(bad))).toEqual({ kind: 'scope', problem: 'malformed' });
  }
  expect(parseScope('! # [ ] ~ a')).toEqual(['!', '#', '[', ']', '~', 'a']);
});

test('a scope of which nothing can be granted is refused as such', () => {
  const input = { rule: ['a'], audience: ['a', 'b'] };
  expect(denialOf(() => grantedScopes({ ...input, requested: ['b'] }))).toEqual({
    kind: 'scope',
    problem: 'none_granted',
  });
  expect(grantedScopes({ ...input, requested: ['b', 'a'] })).toEqual(['a']);
});
