// From what the construct was given to a compiled policy: reads and compiles files, or takes one compiled already.
import { Annotations, Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { PolicyArtifact } from '../shared/policy/compiled-policy.ts';
import { compilePolicy } from './policy/compile-policy.ts';
import { testFailures } from './policy/rehearse/run-tests.ts';
import { type Diagnostic, formatDiagnostic } from './policy/source/diagnostic.ts';

/** A compiled policy and the values for its holes. */
export interface CompiledPolicyInput {
  /** As `compilePolicy` of this version makes it. */
  readonly artifact: PolicyArtifact;
  /** By the name of the hole; may be CDK tokens. */
  readonly values: Readonly<Record<string, string>>;
  /** PEM of the certificates that its clients sign themselves, for the trust store of `mtls`. */
  readonly certificates?: readonly string[];
}

/** What the construct was given. */
export interface GivenPolicy {
  readonly policy: string | CompiledPolicyInput;
  readonly issuers?: Readonly<Record<string, { readonly url: string }>>;
  readonly roles?: Readonly<Record<string, { readonly roleArn: string }>>;
  readonly vpc?: object;
}

/** The policy does not compile, or a test beside it fails. The message is every diagnostic, one `path:line:column: message` after the other. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
  /** What is wrong, and where. */
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map(formatDiagnostic).join('\n'));
    this.diagnostics = diagnostics;
  }
}

/**
 * Compiles the policy and runs the tests beside it; its warnings become annotations of `scope`.
 * @throws PolicyError
 */
export function resolvePolicy(
  scope: Construct,
  { policy, issuers = {}, roles = {}, vpc }: GivenPolicy,
): CompiledPolicyInput {
  if (typeof policy !== 'string') return policy;
  const issuerUrls = Object.fromEntries(Object.entries(issuers).map(([name, { url }]) => [name, url]));
  const roleArns = Object.fromEntries(Object.entries(roles).map(([name, { roleArn }]) => [name, roleArn]));
  const options = { issuerUrls, roleArns, isUnresolved: Token.isUnresolved, vpc: vpc !== undefined };
  const { artifact, values, certificates = [], diagnostics } = compilePolicy(policy, options);
  if (!artifact) throw new PolicyError(diagnostics);
  // A policy that does not do what its tests say is not deployed.
  const failures = testFailures(policy, artifact);
  if (failures.length > 0) throw new PolicyError(failures);
  for (const diagnostic of diagnostics) {
    Annotations.of(scope).addWarningV2('cambio:policy', formatDiagnostic(diagnostic));
  }
  return { artifact, values, certificates };
}
