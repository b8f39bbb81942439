import { describe, expect, test } from 'vitest';
import { changed, expectMistake, findingsOf, type Mistake, validPolicy } from '../policy-world.ts';

const glob = 'globs are anchored already: * is one or more characters but : and /, ** is zero or more of any';
const regex = 'this looks like a regular expression; patterns are globs';
const sub = 'sub: "system:serviceaccount:shop:*"';
const oktaClaims = 'aud, exp, extra, groups, iat, iss, jti, nbf, runner_id, sub, team, trusted';

const mistakes: Readonly<Record<string, Mistake>> = {
  'an unknown claim': {
    from: 'ref: refs/heads/main',
    bad: 'reff: refs/heads/main',
    finding: '25:39: unknown claim "reff" | did you mean ref?',
    good: 'ref: refs/heads/dev',
  },
  'a claim that objects inherit': {
    from: 'team: blue',
    bad: 'constructor: blue',
    finding: `37:60: unknown claim "constructor" | known: ${oktaClaims}`,
    good: 'sub: blue',
  },
  'a misspelt claim whose name only begins known': {
    from: 'ref: refs/heads/main',
    bad: 'repo_propertytier: gold',
    finding: expect.stringContaining('25:39: unknown claim "repo_propertytier"'),
    good: 'repo_property_tier: gold',
  },
  'a boolean where GitHub writes a string': {
    from: 'ref: refs/heads/main',
    bad: 'ref_protected: true',
    finding: '25:54: the claim "ref_protected" is of type string, this is a bool | quote it: "true"',
    good: 'ref_protected: "true"',
  },
  'an id without quotes, as the file writes it': {
    from: 'repository_id: "456789"',
    bad: 'repository_id: 0456789',
    finding: '25:29: the claim "repository_id" is of type string, this is a number | quote it: "0456789"',
    good: 'repository_id: "0456789"',
  },
  'a wrong type inside a list': {
    from: '[pull_request, pull_request_target]',
    bad: '[pull_request, 7]',
    finding: '33:41: the claim "event_name" is of type string, this is a number | quote it: "7"',
    good: '[pull_request, "7"]',
  },
  'a quoted number where the claim is one': {
    from: 'runner_id: 7',
    bad: 'runner_id: "7"',
    finding: '37:25: the claim "runner_id" is of type int, this is a string | remove the quotes: 7',
    good: 'runner_id: 8',
  },
  'a word where the claim is a number': {
    from: 'runner_id: 7',
    bad: 'runner_id: seven',
    finding: '37:25: the claim "runner_id" is of type int, this is a string | write a whole number, without quotes',
    good: 'runner_id: -7',
  },
  'no for a bool': {
    from: 'trusted: false',
    bad: 'trusted: no',
    finding: '37:37: the claim "trusted" is of type bool, this is a string | write true or false, without quotes',
    good: 'trusted: true',
  },
  Norway: {
    from: 'team: blue',
    bad: 'team: no',
    finding: '37:66: warning: plain no is a bool in YAML 1.1 | quote it: "no"',
    good: 'team: "no"',
  },
  'Norway in a list': {
    from: 'groups: guests',
    bad: 'groups: [se, NO]',
    finding: '37:57: warning: plain NO is a bool in YAML 1.1 | quote it: "NO"',
    good: "groups: [se, 'NO']",
  },
  'an object as a whole': {
    from: sub,
    bad: 'kubernetes.io: shop',
    finding: '29:14: the claim "kubernetes.io" is an object | match a member of it, such as "kubernetes.io.namespace"',
    good: 'kubernetes.io.namespace: shop',
  },
  'an object of a map as a whole': {
    from: 'team: blue',
    bad: 'extra: blue',
    finding: '37:60: the claim "extra" is an object | match a member of it, such as "extra.NAME"',
    good: 'extra.colour.name: blue',
  },
  'a wrong type of a nested claim': {
    from: sub,
    bad: 'kubernetes.io.pod.uid: 7',
    finding: '29:37: the claim "kubernetes.io.pod.uid" is of type string, this is a number | quote it: "7"',
    good: 'kubernetes.io.pod.uid: "7"',
  },
  'a misspelt member of an object whose members are known': {
    from: sub,
    bad: 'kubernetes.io.namspace: shop',
    finding:
      '29:14: warning: "kubernetes.io.namspace" is no claim these tokens are known to have | did you mean kubernetes.io.namespace?',
    good: 'kubernetes.io.something-new: shop',
  },
  'several types for a claim of unknown type': {
    from: 'team: blue',
    bad: 'extra.level: [1, high]',
    finding: '37:77: these values are of different types | quote them all, or none',
    good: 'extra.level: ["1", high]',
  },
  'an empty pattern': {
    from: 'team: blue',
    bad: 'team: ""',
    finding: '37:66: "": this pattern is empty | write the value that the claim must have',
    good: 'team: " "',
  },
  'a catch-all of one star': {
    from: sub,
    bad: 'sub: "*"',
    finding: '29:19: "*": this pattern matches nearly everything | leave the claim out, or say what it must begin with',
    good: 'sub: "system:*"',
  },
  'a catch-all in a list': {
    from: 'groups: guests',
    bad: 'groups: [guests, "**"]',
    finding:
      '37:61: "**": this pattern matches nearly everything | leave the claim out, or say what it must begin with',
    good: 'groups: [guests, "g**"]',
  },
  'three stars': {
    from: 'team: blue',
    bad: 'team: b***',
    finding: `37:66: "b***": three stars in a row mean nothing | ${glob}`,
    good: 'team: b**',
  },
  'more stars than anybody means': {
    from: 'team: blue',
    bad: `team: ${'b*'.repeat(17)}`,
    finding: `37:66: "${'b*'.repeat(17)}": more than 16 stars in one pattern | match several claims, or list several patterns`,
    good: `team: ${'b*'.repeat(16)}`,
  },
  'a regular expression': {
    from: 'ref: refs/heads/main',
    bad: 'ref: ^refs/heads/main$',
    finding: `25:44: "^refs/heads/main$": ${regex} | ${glob}`,
    good: 'ref: refs/heads/*',
  },
};

describe('match', () => {
  test.each(Object.entries(mistakes))('refuses %s', (_, mistake) => expectMistake(mistake));

  test('knows registered claims of every issuer', () => {
    for (const claim of ['iss: a', 'sub: a', 'aud: a', 'exp: 1', 'nbf: 1', 'iat: 1', 'jti: a']) {
      expect(findingsOf(changed('team: blue', claim))).toEqual([]);
    }
    expect(findingsOf(changed('team: blue', 'azp: a'))).toHaveLength(1);
  });

  test('takes any scalar as an element of a list claim', () => {
    expect(findingsOf(changed('groups: guests', 'groups: [guests, 7, true]'))).toEqual([]);
    expect(findingsOf(changed('groups: guests', 'groups: [guests, 7.5]'))).toHaveLength(1);
  });

  test('is checked alike for actors and federated clients', () => {
    const both = (claim: string) =>
      findingsOf(
        [
          validPolicy,
          `  - { id: r, from: eks, actor: { from: eks, match: { ${claim}: a } }, deny: true }\n`,
          `clients: { app: { auth: { federated: { issuer: eks, match: { ${claim}: a } } } } }\n`,
        ].join(''),
      ).filter((finding) => !finding.includes('not yet supported'));
    expect(both('sub')).toEqual([]);
    expect(both('subb')).toEqual([
      '39:54: unknown claim "subb" | did you mean sub?',
      '40:62: unknown claim "subb" | did you mean sub?',
    ]);
  });
});
