// Two tenants that trust one CI vendor and call their things alike, beside a root policy; a test changes one file.
import { createHash } from 'node:crypto';
import { type CompiledFiles, compilePolicyFiles } from '../../../infra/policy/compile-policy.ts';
import type { CompiledPolicy } from '../../../shared/policy/compiled-policy.ts';
import { joinPolicy } from '../../../shared/policy/policy-artifact.ts';

export const secret = 'a-secret-of-checkout';
const sha256 = createHash('sha256').update(secret).digest('hex');

const tenantFile = (tenant: string) => `version: 1
issuers:
  github:
    url: https://token.actions.example
    audience: https://sts.${tenant}.example
    claims: github-actions
clients:
  checkout:
    auth: { client_secret_basic: { sha256: ${sha256} } }
    introspects: [api]
audiences:
  api: { scopes: [read] }
  backend: { resource: https://backend.${tenant}.example, scopes: [read] }
rules:
  - id: main
    from: github
    match: { ref: refs/heads/main }
    grant: { audience: api, scopes: [read] }
  - id: onward
    from: self
    client: checkout
    match: { aud: api }
    grant: { audience: backend, scopes: [read] }
`;

export const files: Readonly<Record<string, string>> = {
  '': `version: 1
issuers:
  github: { url: https://token.actions.example, audience: https://sts.root.example, claims: github-actions }
clients:
  portal: { auth: { client_secret_basic: { sha256: ${sha256} } } }
audiences:
  shared: { scopes: [read] }
rules:
  - { id: main, from: github, match: { ref: refs/heads/main }, grant: { audience: shared, scopes: [read] } }
`,
  acme: tenantFile('acme'),
  globex: tenantFile('globex'),
};

/** Compiles the files, with `more` written behind what there is, or as files of their own where they begin as one does. */
export function compileTenants(more: Readonly<Record<string, string>> = {}): CompiledFiles {
  return compilePolicyFiles(
    Object.entries(files).flatMap(([tenant, text]) => {
      const folder = tenant === '' ? '' : `tenants/${tenant}/`;
      const added = more[tenant] ?? '';
      const isFile = added.startsWith('version:');
      return [
        { path: `${folder}policy.yaml`, text: isFile ? text : `${text}${added}`, tenant },
        ...(isFile ? [{ path: `${folder}more.yaml`, text: added, tenant }] : []),
      ];
    }),
  );
}

/** Errors without their line: `tenants/acme/policy.yaml: message | hint`. */
export function errorsOf(more: Readonly<Record<string, string>>): readonly string[] {
  const errors = compileTenants(more).diagnostics.filter(({ severity }) => severity === 'error');
  return errors.map(({ file, message, hint }) => `${file}: ${message} | ${hint}`);
}

/** @throws Error where the files do not compile */
export function tenantPolicy(more: Readonly<Record<string, string>> = {}): CompiledPolicy {
  const { artifact, diagnostics } = compileTenants(more);
  if (!artifact) throw new Error(JSON.stringify(diagnostics));
  return joinPolicy(JSON.stringify(artifact), undefined);
}
