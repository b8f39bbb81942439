import { describe, expect, test } from 'vitest';
import { expectMistake, findingsOf, type Mistake, validPolicy } from '../policy-world.ts';

const eks = '    claims: kubernetes\n';
const duration = 'a duration is a whole number and a unit: 30s 5m 12h 90d';
const nameRule = 'a name is 1–63 of a–z 0–9 . _ - and begins with a letter or digit';

const mistakes: Readonly<Record<string, Mistake>> = {
  'an unknown section': {
    from: 'version: 1\n',
    bad: 'version: 1\nrulez: []\n',
    finding: '2:1: unknown key "rulez" | did you mean rules?',
    good: 'version: 1\n# rules\n',
  },
  'an unknown key of an issuer': {
    from: eks,
    bad: `${eks}    maxage: 10m\n`,
    finding: '11:5: unknown key "maxage" | did you mean maxAge?',
    good: `${eks}    maxAge: 10m\n`,
  },
  'an unknown key inside one branch of a union': {
    from: 'deny: { audience: payments-api }',
    bad: 'deny: { audience: payments-api, audiences: x }',
    finding: '38:37: unknown key "audiences" | did you mean audience?',
    good: 'deny: { "audience": payments-api }',
  },
  'another version': {
    from: 'version: 1\n',
    bad: 'version: 2\n',
    finding: '1:10: this must be 1 | write 1, unquoted',
    good: 'version: 0x1\n',
  },
  'a quoted version': {
    from: 'version: 1\n',
    bad: 'version: "1"\n',
    finding: '1:10: this must be 1 | write 1, unquoted',
    good: 'version: 1 # one\n',
  },
  'a missing key': {
    from: '    audience: [checkout, portal]\n',
    bad: '',
    finding:
      '11:3: "audience" is missing here | add "audience:" with a value of your own: a token for anybody else is not for here',
    good: '    audience: portal\n',
  },
  'a value without its unit': {
    from: 'ttl: 5m }',
    bad: 'ttl: 300 }',
    finding: '26:106: this must be a string | write a number and its unit: 30s, 5m, 12h or 90d',
    good: 'ttl: 300s }',
  },
  'a duration of another unit': {
    from: 'ttl: 5m }',
    bad: 'ttl: 5min }',
    finding: `26:106: ${duration} | write a number and its unit: 30s, 5m, 12h or 90d`,
    good: 'ttl: 1m }',
  },
  'a duration of nothing': {
    from: eks,
    bad: `${eks}    maxAge: 0s\n`,
    finding: `11:13: ${duration} | write a number and its unit: 30s, 5m, 12h or 90d`,
    good: `${eks}    clockSkew: 0s\n`,
  },
  'a word that is none of the known ones': {
    from: eks,
    bad: `${eks}    tokenTypes: [jwtt]\n`,
    finding: '11:18: this must be one of jwt, id_token, access_token | did you mean jwt?',
    good: `${eks}    tokenTypes: [jwt, access_token]\n`,
  },
  'a symmetric algorithm': {
    from: eks,
    bad: `${eks}    algorithms: [none]\n`,
    finding:
      '11:18: this must be one of RS256, PS256, ES256, ES384, Ed25519, EdDSA, RS384, RS512, PS384, PS512, ES512 | known: ES256, ES384, ES512, Ed25519, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512',
    good: `${eks}    algorithms: [EdDSA, RS384, RS512, PS384, PS512, ES512]\n`,
  },
  'a network that only the local stack has': {
    from: eks,
    bad: `${eks}    network: loopback\n`,
    finding: '11:14: this must be one of public, private | known: private, public',
    good: `${eks}    network: private\n`,
  },
  'a type that claims do not have': {
    from: 'team: string',
    bad: 'team: text',
    finding: '14:66: this must be one of string, int, bool, list, object | known: bool, int, list, object, string',
    good: 'team: "string"',
  },
  'a name in capitals': {
    from: '  payments-api: {',
    bad: '  invoices: {}\n  Payments: {',
    finding: `22:3: "Payments" is not allowed here: ${nameRule} | names are lower-case letters, digits, ".", "_" and "-", at most 63`,
    good: '  invoices: {}\n  payments-api: {',
  },
  'a rule id with a space': {
    from: 'id: no-guests',
    bad: 'id: no guests',
    finding: `35:9: ${nameRule} | docs/policy.md shows every key with its values`,
    good: 'id: no.guests_2',
  },
  'a scope with a space': {
    from: '{ scopes: [payments:charge] }',
    bad: '{ scopes: [payments charge] }',
    finding:
      '21:28: a scope is printable ASCII without space, " and \\ (RFC 6749 §3.3) | a list of words without spaces, quotes and backslashes',
    good: '{ scopes: ["payments!charge"] }',
  },
  'an empty list of wanted values': {
    from: 'team: blue',
    bad: 'team: []',
    finding: '37:66: an empty list never fits | a value, or a list of which any may match',
    good: 'team: [blue]',
  },
  'no wanted value at all': {
    from: 'team: blue',
    bad: 'team:',
    finding:
      '37:66: this must be a string, true or false, a whole number or a list | a value, or a list of which any may match',
    good: 'team: red',
  },
  'a map of wanted values': {
    from: 'team: blue',
    bad: 'team: { a: b }',
    finding:
      '37:66: this must be a string, true or false, a whole number or a list | a value, or a list of which any may match',
    good: 'extra.team.a: b',
  },
  'a number that loses digits': {
    from: 'runner_id: 7',
    bad: 'runner_id: 12345678901234567890',
    finding:
      '37:25: a whole number has at most 15 digits; quote it if the claim is a string | a value, or a list of which any may match',
    good: 'runner_id: 123456789012345',
  },
  'deny: false': {
    from: 'deny: true',
    bad: 'deny: false',
    finding: '34:11: this must be true or a map | docs/policy.md shows every key with its values',
    good: 'deny: { audience: orders-api }',
  },
  'a section that is nothing': {
    from: '  payments-api: { scopes: [payments:charge] }\n',
    bad: '  payments-api:\n',
    finding: '21:16: this must be a map | names are lower-case letters, digits, ".", "_" and "-", at most 63',
    good: '  payments-api: {}\n',
  },
};

describe('the schema', () => {
  test('has nothing to say of the valid policy', () => {
    expect(findingsOf(validPolicy)).toEqual([]);
  });

  test.each(Object.entries(mistakes))('refuses %s', (_, mistake) => expectMistake(mistake));

  test('reports every mistake of a file at once', () => {
    expect(findingsOf('version: 2\nisuers: {}\nrules: [{ id: A }]\n')).toEqual([
      '1:10: this must be 1 | write 1, unquoted',
      expect.stringContaining('3:15: a name is'),
      '3:9: "from" is missing here | add "from:"',
      '2:1: unknown key "isuers" | did you mean issuers?',
    ]);
  });
});
