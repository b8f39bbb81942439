// A policy that a command needs compiled, and JSON that it is given. Reads files.
import { compilePolicy } from '../../infra/policy/compile-policy.ts';
import { formatDiagnostic, hasErrors } from '../../infra/policy/source/diagnostic.ts';
import type { Claims } from '../../shared/policy/claims.ts';
import type { PolicyArtifact } from '../../shared/policy/compiled-policy.ts';
import { type Output, UsageError } from '../usage.ts';

/** The compiled policy; undefined after its errors were printed. Issuer URLs from TypeScript are left open. */
export function compiledPolicy(path: string, { stderr }: Output): PolicyArtifact | undefined {
  const { artifact, diagnostics } = compilePolicy(path, { urlsComeLater: true });
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  for (const diagnostic of errors) stderr(`${formatDiagnostic(diagnostic)}\n`);
  return hasErrors(diagnostics) ? undefined : artifact;
}

/** A JSON object. @throws UsageError that names where it came from and never quotes it: it may be a token */
export function parseObject(text: string, from: string): Claims {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Claims;
  } catch {
    // Falls through.
  }
  throw new UsageError(`${from}: not a JSON object`);
}

/** The claims of a JWT, unverified. @throws UsageError */
export function claimsOfToken(token: string, from: string): Claims {
  const [, payload = ''] = token.trim().split('.');
  return parseObject(Buffer.from(payload, 'base64url').toString('utf8'), `${from}: the payload of the token`);
}
