// What the operators' page shows of a policy: its picture, and what another one would change. Reads the policy files.

import type { CompileOptions } from '../../infra/policy/compile-options.ts';
import { compilePolicyFiles } from '../../infra/policy/compile-policy.ts';
import { diffPolicies } from '../../infra/policy/rehearse/diff.ts';
import type { ShownWay } from '../../infra/policy/rehearse/reach.ts';
import { testFailures } from '../../infra/policy/rehearse/run-tests.ts';
import type { Change } from '../../infra/policy/rehearse/trust-changes.ts';
import { formatDiagnostic } from '../../infra/policy/source/diagnostic.ts';
import { readBeside, readPolicy } from '../../infra/policy/source/read-policy.ts';
import type { PolicyArtifact } from '../../shared/policy/compiled-policy.ts';
import type { Flip, Json, PolicyChange, WhatIf } from '../console/api.ts';
import type { PolicyView } from '../console/console-handler.ts';
import { type Output, UsageError } from '../usage.ts';
import { compiledPolicy } from './file.ts';
import { playableClients } from './playable-clients.ts';
import { pictureOf, pictureWay } from './policy-picture.ts';
import { parseDecision } from './recorded-decision.ts';
import { createReplay, type Replayed } from './replay-decision.ts';

export interface ViewedPolicy {
  readonly path: string;
  readonly artifact: PolicyArtifact;
  /** As the artifact was compiled, so that nothing but the text makes a difference. */
  readonly compile: CompileOptions;
}

/** The policy of a path, its errors printed. @throws UsageError when it has any */
export function openPolicy(path: string, output: Output): PolicyView {
  const artifact = compiledPolicy(path, output);
  if (!artifact) throw new UsageError(`${path} does not compile`);
  return policyView({ path, artifact, compile: { urlsComeLater: true } });
}

export function policyView({ path, artifact, compile }: ViewedPolicy): PolicyView {
  return {
    clients: playableClients(artifact),
    runs: Object.fromEntries(Object.values(artifact.issuers).flatMap(({ name, run }) => (run ? [[name, run]] : []))),
    picture: (now) => pictureOf(artifact, readPolicy(path).files, now),
    whatIf: async (files, find, now) => {
      // The files that there are, with other texts: a page chooses neither what lies beside a file nor whose tenant it is.
      const known = readPolicy(path).files;
      const stranger = files.find((file) => !known.some((each) => each.path === file.path));
      if (stranger) throw new UsageError(`${stranger.path} is no file of this policy`);
      const texts = new Map(files.map((file) => [file.path, file.text]));
      const proposed = known.map((file) => ({ ...file, text: texts.get(file.path) ?? file.text }));
      const compiled = compilePolicyFiles(proposed, { readBeside, ...compile });
      const diagnostics = compiled.diagnostics.map(formatDiagnostic);
      if (!compiled.artifact) return { diagnostics };
      const compared = compare(compiled.artifact, { path, artifact, decisions: await find(), now });
      return { diagnostics, compared };
    },
  };
}

interface Served {
  readonly path: string;
  readonly artifact: PolicyArtifact;
  readonly decisions: readonly Json[];
  readonly now: number;
}

function compare(
  proposed: PolicyArtifact,
  { path, artifact, decisions, now }: Served,
): NonNullable<WhatIf['compared']> {
  const { gains, loses, undecided } = diffPolicies(artifact, proposed, now);
  return {
    gains: gains.map(changeOf),
    loses: loses.map(changeOf),
    undecided,
    failures: testFailures(path, proposed).map(formatDiagnostic),
    decisions: decisions.length,
    flips: flipsOf(decisions, proposed),
  };
}

function changeOf({ who, what, way }: Change): PolicyChange {
  return { who, what, ...(way && { way: pictureWay(targetOf(way), way) }) };
}

function targetOf({ hops }: ShownWay): string {
  return hops.at(-1)?.target ?? '';
}

function flipsOf(decisions: readonly Json[], policy: PolicyArtifact): readonly Flip[] {
  const replay = createReplay(policy);
  return decisions.flatMap((recorded) => {
    const decision = parseDecision(JSON.stringify(recorded));
    return (decision && flipOf(decision.id, replay(decision))) ?? [];
  });
}

/** Undefined for a decision that would end as it did. */
function flipOf(decisionId: string, replayed: Replayed): Flip | undefined {
  switch (replayed.kind) {
    case 'granted_to_refused':
    case 'refused_to_granted': {
      const { kind, rule } = replayed;
      return { decisionId, kind, ...(rule !== undefined && { rule }) };
    }
    case 'undecided':
      return { decisionId, kind: 'undecided', why: replayed.why };
    case 'same':
    case 'not_policy':
      return undefined;
  }
}
