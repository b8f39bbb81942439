// One valid policy, and how a test changes one thing in it.
import { expect } from 'vitest';
import type { CompileOptions } from '../../../infra/policy/compile-options.ts';
import { type CompiledFiles, compilePolicyFiles } from '../../../infra/policy/compile-policy.ts';
import type { Diagnostic } from '../../../infra/policy/source/diagnostic.ts';

export const validPolicy = `version: 1
issuers:
  github:
    url: https://token.actions.githubusercontent.com
    audience: https://sts.acme.example
    claims: github-actions
  eks:
    url: https://oidc.eks.eu-west-1.amazonaws.com/id/ABC
    audience: https://sts.acme.example
    claims: kubernetes
  okta:
    url: https://acme.okta.example
    audience: [checkout, portal]
    claims: { runner_id: int, trusted: bool, groups: list, team: string, extra: object }
audiences:
  orders-api:
    resource: https://orders.acme.example
    scopes: [orders:read, orders:write]
    ttl: 5m
    maxTtl: 10m
  payments-api: { scopes: [payments:charge] }
rules:
  - id: main
    from: github
    match: { repository_id: "456789", ref: refs/heads/main }
    grant: { audience: orders-api, scopes: [orders:read], claims: { repo: "\${claims.repository}" }, ttl: 5m }
  - id: pods
    from: eks
    match: { sub: "system:serviceaccount:shop:*" }
    grant: { audience: orders-api, scopes: [orders:read] }
  - id: no-pull-requests
    from: github
    match: { event_name: [pull_request, pull_request_target] }
    deny: true
  - id: no-guests
    from: okta
    match: { runner_id: 7, trusted: false, groups: guests, team: blue }
    deny: { audience: payments-api }
`;

/** The valid policy with the one occurrence of `from` replaced. */
export function changed(from: string, to: string): string {
  expect(validPolicy.split(from), `occurrences of ${from}`).toHaveLength(2);
  return validPolicy.replace(from, () => to);
}

export function compileText(text: string, options: CompileOptions = {}): CompiledFiles {
  return compilePolicyFiles([{ path: 'policy.yaml', text }], options);
}

/** Findings without their file: `line:column: message | hint`. */
export function findingsOf(text: string, options: CompileOptions = {}): readonly string[] {
  return compileText(text, options).diagnostics.map(shown);
}

function shown({ severity, line, column, message, hint }: Diagnostic): string {
  const kind = severity === 'warning' ? 'warning: ' : '';
  return `${line}:${column}: ${kind}${message}${hint === undefined ? '' : ` | ${hint}`}`;
}

/** A mistake made by replacing `from` by `bad`, what is said of it, and the right way of saying it. */
export interface Mistake {
  readonly from: string;
  readonly bad: string;
  readonly finding: string;
  readonly good: string;
  readonly options?: CompileOptions;
}

/** The mistake is found, alone and at its place; its right twin has no finding. */
export function expectMistake({ from, bad, finding, good, options = {} }: Mistake): void {
  expect(findingsOf(changed(from, bad), options)).toEqual([finding]);
  expect(findingsOf(changed(from, good), options)).toEqual([]);
}
