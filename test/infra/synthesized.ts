// Synthesizes a TokenExchange for the tests: one valid policy, from which each test changes one thing.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { cdkContext, forTheTemplate } from '../../infra/synthesize.ts';
import { TokenExchange, type TokenExchangeProps } from '../../infra/token-exchange.ts';
import type { Audience, PolicyArtifact, TrustedIssuer } from '../../shared/policy/compiled-policy.ts';

/** The functions whose code has the policy beside it, by name. */
export const policyReaders = [
  'AdminRevocations',
  'Decisions',
  'Discovery',
  'DocumentsWriter',
  'Events',
  'Introspect',
  'Keys',
  'Revoke',
  'Suspensions',
  'Token',
];

export const githubIssuer: TrustedIssuer = {
  name: 'github',
  url: 'https://token.actions.githubusercontent.com',
  audiences: ['https://sts.acme.example'],
  profile: 'github-actions',
  claims: { sub: 'string' },
  keys: { from: 'discovery' },
  network: 'public',
  algorithms: ['RS256'],
  tokenTypes: ['urn:ietf:params:oauth:token-type:jwt'],
  maxLifetime: 86_400,
  clockSkew: 60,
};

export const ordersAudience: Audience = {
  name: 'orders-api',
  scopes: ['orders:read'],
  format: 'jwt',
  alg: 'ES256',
  ttl: 300,
  maxTtl: 900,
};

export const artifact: PolicyArtifact = {
  version: 1,
  hash: '0'.repeat(64),
  local: false,
  clients: {},
  issuers: { github: githubIssuer },
  audiences: { 'orders-api': ordersAudience },
  roles: {},
  rules: [],
};

/** A policy that lets a canary do what it probes: issuer `aws`, client `prober`, audience and rule `canary`. */
export const probed: PolicyArtifact = {
  ...artifact,
  issuers: {
    github: githubIssuer,
    aws: { ...githubIssuer, name: 'aws', url: 'https://a1b2.tokens.sts.global.api.aws', profile: 'aws' },
  },
  clients: {
    prober: { name: 'prober', auth: { method: 'federated', issuer: 'aws', match: [] }, introspects: ['canary'] },
  },
  audiences: { 'orders-api': ordersAudience, canary: { ...ordersAudience, name: 'canary' } },
  rules: [
    {
      ...{ id: 'canary', from: 'aws', client: ['prober'], match: [] },
      grant: { audience: 'canary', scopes: [], claims: {}, ttl: 60 },
    },
  ],
};

/**
 * The template of a stack with one TokenExchange; without a policy of its own it has {@link artifact}.
 * @param look is handed the construct
 */
export function templateOf(
  props: Partial<TokenExchangeProps> | ((stack: Stack) => Partial<TokenExchangeProps>) = {},
  look?: (exchange: TokenExchange) => void,
) {
  // A synthesis is a second: what the same data makes is made once.
  const key = look === undefined && isData(props) ? JSON.stringify(props) : undefined;
  const made = key === undefined ? undefined : known.get(key);
  if (made) return made;
  const template = inTemporaryFolder((outdir) => {
    const stack = new Stack(quickApp(outdir), 'Test');
    const given = typeof props === 'function' ? props(stack) : props;
    const exchange = new TokenExchange(stack, 'TokenExchange', { policy: { artifact, values: {} }, ...given });
    look?.(exchange);
    return Template.fromStack(stack);
  });
  if (key !== undefined) known.set(key, frozen(template));
  return template;
}

const known = new Map<string, Template>();

/** Nothing that JSON would change, as a construct. */
function isData(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return typeof value !== 'function' && typeof value !== 'undefined';
  if (Array.isArray(value)) return value.every(isData);
  return Object.getPrototypeOf(value) === Object.prototype && Object.values(value).every(isData);
}

/** So that no test finds what another has done to it. */
function frozen(template: Template): Template {
  const freeze = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    Object.freeze(value);
    for (const member of Object.values(value)) freeze(member);
  };
  freeze(template.toJSON());
  return template;
}

/** An app with the context of cdk.json and more. Its validators are run by cambio-stack.test.ts; the others need not. */
export function quickApp(outdir: string, context: Readonly<Record<string, unknown>> = {}): App {
  return new App({ ...forTheTemplate, outdir, context: { ...quickContext(), ...quietly, ...context } });
}

/** The context of cdk.json for whoever looks at the template alone. */
export function quickContext(): Record<string, unknown> {
  return { ...cdkContext(), ...forTheTemplate.context };
}

/** Warnings are in the constructs' metadata, for whoever looks; nobody prints them. */
const quietly = { '@aws-cdk/core:annotationsInValidationReport': false };

export function inTemporaryFolder<Result>(use: (folder: string) => Result): Result {
  const folder = mkdtempSync(join(tmpdir(), 'cambio-test-'));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, Json>>;
  readonly DependsOn?: readonly string[];
  readonly DeletionPolicy?: string;
}

/** Resources of one type, by logical id. */
export function resourcesOf(template: Template, type: string): Readonly<Record<string, Resource>> {
  return template.findResources(type) as Readonly<Record<string, Resource>>;
}

/** Logical ids that a value refers to, by Ref, Fn::GetAtt or Fn::Sub. */
export function referencesOf(value: Json | undefined): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(referencesOf);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]: [string, Json]) => {
    if (name === 'Ref') return [String(inner)];
    if (name === 'Fn::GetAtt') return [String(Array.isArray(inner) ? inner[0] : inner).replace(/\..*/, '')];
    if (name === 'Fn::Sub') return [...JSON.stringify(inner).matchAll(/\$\{([^.}!]+)/g)].map(([, id]) => String(id));
    return referencesOf(inner);
  });
}

/** What makes each kind of thing be signed, but for sessions of roles. */
export const whatIsSigned = {
  issuers: {
    github: {
      ...githubIssuer,
      introspection: { url: 'https://idp.example/introspect', client: 'cambio', cache: 0, network: 'public' },
    },
  },
  audiences: { 'orders-api': { ...ordersAudience, status: true } },
} as const satisfies Partial<PolicyArtifact>;
