import { describe, expect, test } from 'vitest';
import { changed, compileText, expectMistake, type Mistake } from '../policy-world.ts';

const payments = '{ scopes: [payments:charge] }';
const resource = 'resource: https://orders.acme.example';

const mistakes: Readonly<Record<string, Mistake>> = {
  'a resource that is a name': {
    from: resource,
    bad: 'resource: orders',
    finding: '17:15: the resource "orders" is not an absolute URI | write one, such as https://orders.example',
    good: 'resource: urn:acme:orders',
  },
  'a resource with a space': {
    from: resource,
    bad: 'resource: https://orders.example/a b',
    finding:
      '17:15: the resource "https://orders.example/a b" is not an absolute URI | write one, such as https://orders.example',
    good: 'resource: https://orders.example/a%20b',
  },
  'a resource with a fragment': {
    from: resource,
    bad: 'resource: https://orders.example#a',
    finding: '17:15: the resource "https://orders.example#a" has a fragment (RFC 8707 §2) | remove it',
    good: 'resource: https://orders.example/a?b',
  },
  'a resource of two audiences': {
    from: payments,
    bad: '{ resource: https://orders.acme.example }',
    finding:
      '21:29: the resource "https://orders.acme.example" is already another audience\'s at policy.yaml:17:15 | a request could not tell them apart',
    good: '{ resource: https://orders.acme.example/payments }',
  },
  'a resource that differs by a final slash': {
    from: payments,
    bad: '{ resource: "https://orders.acme.example/" }',
    finding:
      '21:29: the resource "https://orders.acme.example/" is already another audience\'s at policy.yaml:17:15 | a request could not tell them apart',
    good: '{ resource: "https://payments.acme.example/" }',
  },
  'a resource that is the same to every URL parser': {
    from: payments,
    bad: '{ resource: "https://orders.acme.example:443/" }',
    finding:
      '21:29: the resource "https://orders.acme.example:443/" is already another audience\'s at policy.yaml:17:15 | a request could not tell them apart',
    good: '{ resource: "https://orders.acme.example:444/" }',
  },
  'a status of reference tokens': {
    from: payments,
    bad: '{ format: reference, status: true }',
    finding:
      '21:38: a reference token has nowhere to carry a status | leave out "status": introspection says whether it is good',
    good: '{ format: jwt, status: true }',
  },
  'a scope listed twice': {
    from: payments,
    bad: '{ scopes: [a, a] }',
    finding: '21:31: "a" is listed twice | remove one',
    good: '{ scopes: [a, A] }',
  },
  'a ttl over the maxTtl': {
    from: 'ttl: 5m\n',
    bad: 'ttl: 11m\n',
    finding: '19:10: ttl 11m is over the maxTtl 10m | shorten ttl or raise maxTtl',
    good: 'ttl: 10m\n',
  },
  'a ttl over the default maxTtl': {
    from: payments,
    bad: '{ ttl: 16m }',
    finding: '21:24: ttl 16m is over the maxTtl 15m | give a maxTtl (default 15m)',
    good: '{ ttl: 15m }',
  },
  'a maxTtl of more than a day': {
    from: payments,
    bad: '{ maxTtl: 25h }',
    finding: '21:27: a maxTtl is at most 1d | short tokens are the point',
    good: '{ maxTtl: 24h }',
  },
};

describe('audiences', () => {
  test.each(Object.entries(mistakes))('refuses %s', (_, mistake) => expectMistake(mistake));

  test('compile with their defaults', () => {
    expect(compileText(changed(payments, '{}')).artifact?.audiences['payments-api']).toEqual({
      name: 'payments-api',
      scopes: [],
      format: 'jwt',
      alg: 'ES256',
      ttl: 300,
      maxTtl: 900,
    });
    expect(
      compileText(changed(payments, '{ maxTtl: 1m, alg: RS256, format: reference }')).artifact?.audiences[
        'payments-api'
      ],
    ).toEqual({
      name: 'payments-api',
      scopes: [],
      format: 'reference',
      alg: 'RS256',
      ttl: 60,
      maxTtl: 60,
    });
  });
});
