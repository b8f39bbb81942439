// Runs policy tests against a compiled policy. Pure but for `testFailures`, which reads them.
import type { PolicyArtifact } from '../../../shared/policy/compiled-policy.ts';
import { ownIssuer, qualified } from '../../../shared/policy/tenant.ts';
import { type Diagnostic, quote } from '../source/diagnostic.ts';
import { didYouMean } from '../source/did-you-mean.ts';
import { below, errorAt } from '../source/place.ts';
import { completeClaims } from './complete-claims.ts';
import { ownIssuers } from './own-token.ts';
import { type PlacedTest, readTests } from './read-tests.ts';
import { createRehearse, type Rehearsal, type Rehearsed } from './rehearse.ts';
import { fullyNamed } from './tenant-test.ts';
import type { PolicyTest } from './test-schema.ts';

export interface TestResult {
  readonly name: string;
  /** Where and why it failed; undefined when it passed. */
  readonly failure?: Diagnostic;
  /** Absent when the test could not be run. */
  readonly rehearsed?: Rehearsed;
}

/** 2026-01-01T00:00:00Z: a test says the same every day. */
const defaultNow = 1_767_225_600;

export function runTests(tests: readonly PlacedTest[], policy: PolicyArtifact): readonly TestResult[] {
  const rehearse = createRehearse(policy);
  return tests.map(({ place, test: written }): TestResult => {
    const { tenant } = place.source;
    const test = fullyNamed(written, tenant, policy);
    const name = qualified(tenant, test.name);
    const failure = danglingName({ place, test }, policy);
    if (failure) return { name, failure };
    const rehearsed = rehearse(rehearsalOf(test, policy));
    const problem = differenceOf(test, rehearsed);
    if (problem === undefined) return { name, rehearsed };
    return {
      name,
      rehearsed,
      failure: errorAt(
        below(place, 'expect'),
        `test ${quote(name)} failed: ${problem}`,
        'cambio policy test shows each rule with its conditions',
      ),
    };
  });
}

/** What is wrong with the tests beside a policy, and which of them fail. Reads them. */
export function testFailures(path: string, policy: PolicyArtifact): readonly Diagnostic[] {
  const { tests, diagnostics } = readTests(path);
  if (diagnostics.length > 0) return diagnostics;
  return runTests(tests, policy).flatMap(({ failure }) => failure ?? []);
}

/** What a decision was, in the words of `expect`. */
function verdictOf(rehearsed: Rehearsed): string {
  const rule = rehearsed.rule === undefined ? '' : `, rule ${rehearsed.rule}`;
  if (rehearsed.outcome === 'granted') return `allow${rule}`;
  return `refuse, ${rehearsed.error}, ${rehearsed.reason}${rule}`;
}

function danglingName({ place, test }: PlacedTest, policy: PolicyArtifact): Diagnostic | undefined {
  const { issuers, clients } = policy;
  const names = [...Object.keys(issuers), ownIssuer(place.source.tenant)];
  const others = ownIssuers(policy);
  const issuerProblem = (name: string, ...path: string[]) =>
    names.includes(name) || others.includes(name)
      ? undefined
      : errorAt(below(place, ...path), `${quote(name)} is no issuer`, didYouMean(name, names));
  const known = Object.keys(clients);
  const client = test.client;
  return (
    issuerProblem(test.issuer, 'issuer') ??
    (test.actor && issuerProblem(test.actor.issuer, 'actor', 'issuer')) ??
    (client === undefined || known.includes(client)
      ? undefined
      : errorAt(below(place, 'client'), `${quote(client)} is no client`, didYouMean(client, known)))
  );
}

function rehearsalOf(test: PolicyTest, policy: PolicyArtifact): Rehearsal {
  const { actor, client = '', request } = test;
  const now = test.now ?? (typeof test.claims['iat'] === 'number' ? test.claims['iat'] : defaultNow);
  const { audience, role, resource, scope } = request;
  return {
    subject: completeClaims(test, policy, now),
    actor: actor && completeClaims(actor, policy, now),
    client,
    audiences: [audience, role].flatMap((name) => name ?? []),
    resources: resource === undefined ? [] : [resource],
    scope: scope?.split(' '),
    now,
  };
}

function differenceOf({ expect }: PolicyTest, rehearsed: Rehearsed): string | undefined {
  const refused = rehearsed.outcome === 'refused' ? rehearsed : undefined;
  const same =
    expect.allow === (refused === undefined) &&
    (expect.rule === undefined || expect.rule === rehearsed.rule) &&
    (expect.error === undefined || expect.error === refused?.error) &&
    (expect.reason === undefined || expect.reason === refused?.reason);
  if (same) return undefined;
  const { allow, error, reason, rule } = expect;
  const wanted = [allow ? 'allow' : 'refuse', error, reason, rule && `rule ${rule}`].filter(Boolean).join(', ');
  return `expected ${wanted}; got ${verdictOf(rehearsed)}`;
}
