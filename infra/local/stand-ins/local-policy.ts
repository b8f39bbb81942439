// The served policy, compiled for the local stack with the stand-ins' keys in it. I/O: reads policy files, makes keys.
import { demonstrationPolicy } from '../../demonstration.ts';
import type { CompileOptions } from '../../policy/compile-options.ts';
import { type CompiledFiles, compilePolicy } from '../../policy/compile-policy.ts';
import { testFailures } from '../../policy/rehearse/run-tests.ts';
import { formatDiagnostic } from '../../policy/source/diagnostic.ts';
import type { SynthesizeOptions } from '../../synthesize.ts';
import { StartError } from '../start-error.ts';
import { type ClientStandIns, createClientStandIns } from './client-stand-ins.ts';
import { createStandIns, type StandIns } from './stand-ins.ts';

/** What CDK would give at deploy: URLs of issuers and ARNs of roles, by their names in the policy. */
export interface GivenValues {
  readonly issuerUrls: Readonly<Record<string, string>>;
  readonly roleArns: Readonly<Record<string, string>>;
}

export interface LocalPolicyOptions {
  readonly path?: string | undefined;
  readonly realIssuers: boolean;
  readonly given?: GivenValues | undefined;
  readonly log: (line: string) => void;
}

export interface LocalPolicy {
  readonly policy: SynthesizeOptions['policy'];
  /** How it was compiled: another text for the same stack is compiled so. */
  readonly compile: CompileOptions;
  readonly standIns: StandIns;
  readonly clientStandIns: ClientStandIns;
}

/** @throws StartError with every diagnostic of a policy that does not compile, or of its tests that fail */
export async function compileLocalPolicy({
  path = demonstrationPolicy,
  realIssuers,
  given,
  log,
}: LocalPolicyOptions): Promise<LocalPolicy> {
  const first = compilePolicy(path, { local: true, ...given });
  const failures = testFailures(path, artifactOf(first));
  if (failures.length > 0) throw new StartError(failures.map(formatDiagnostic).join('\n'));
  const standIns = await createStandIns(artifactOf(first), realIssuers);
  const clientStandIns = await createClientStandIns(artifactOf(first), realIssuers);
  for (const warning of first.diagnostics) log(formatDiagnostic(warning));
  const compile: CompileOptions = {
    local: true,
    ...given,
    standIns: (name) => standIns.jwksOf(name) as { readonly keys: readonly object[] } | undefined,
    clientStandIns: (name) => clientStandIns.jwksOf(name) as { readonly keys: readonly object[] } | undefined,
  };
  const { values, certificates = [], ...compiled } = compilePolicy(path, compile);
  const policy = { artifact: artifactOf({ values, ...compiled }), values, certificates };
  return { policy, compile, standIns, clientStandIns };
}

function artifactOf({ artifact, diagnostics }: CompiledFiles): NonNullable<CompiledFiles['artifact']> {
  if (!artifact) throw new StartError(diagnostics.map(formatDiagnostic).join('\n'));
  return artifact;
}
