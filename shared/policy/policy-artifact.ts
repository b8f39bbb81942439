// The artifact of `cdk synth` and the values known only at deploy, joined at cold start. Pure; a policy that cannot be
// joined stops the cold start.
import type { CompiledPolicy, PolicyArtifact, Role, TrustedIssuer, ValueHole } from './compiled-policy.ts';
import { parseRoleArn } from './role-arn.ts';

/**
 * Parses policy.json and fills its holes from POLICY_VALUES.
 * @param values JSON object of hole name to value; undefined when the artifact has no holes
 * @throws Error naming the value that is missing or malformed
 */
export function joinPolicy(artifactJson: string, values: string | undefined): CompiledPolicy {
  const artifact = JSON.parse(artifactJson) as PolicyArtifact;
  if (artifact.version !== 1) throw new Error('policy.json has a version this function does not know');
  const known = values === undefined ? {} : parseValues(values);
  const issuers = Object.values(artifact.issuers).map((issuer) => joinIssuer(issuer, known));
  refuseSamePair(issuers);
  const roles = Object.values(artifact.roles).map((role) => joinRole(role, known));
  refuseSameRole(roles);
  return { ...artifact, issuers: namedMap(issuers), roles: namedMap(roles) };
}

function namedMap<Named extends { readonly name: string }>(entries: readonly Named[]): Record<string, Named> {
  return Object.fromEntries(entries.map((entry) => [entry.name, entry]));
}

function joinIssuer(
  issuer: TrustedIssuer<string | ValueHole>,
  known: Readonly<Record<string, unknown>>,
): TrustedIssuer {
  const url = typeof issuer.url === 'string' ? issuer.url : issuerUrl(issuer.url.$value, known);
  return { ...issuer, url };
}

function issuerUrl(name: string, known: Readonly<Record<string, unknown>>): string {
  const value = Object.hasOwn(known, name) ? known[name] : undefined;
  if (typeof value !== 'string' || !isIssuerUrl(value)) {
    throw new Error(`POLICY_VALUES: ${name} is missing or is not an https URL`);
  }
  return value;
}

function joinRole(role: Role<string | ValueHole>, known: Readonly<Record<string, unknown>>): Role {
  if (typeof role.arn === 'string') return { ...role, arn: role.arn };
  const name = role.arn.$value;
  const arn = Object.hasOwn(known, name) ? known[name] : undefined;
  if (typeof arn === 'string' && parseRoleArn(arn)) return { ...role, arn };
  throw new Error(`POLICY_VALUES: ${name} is missing or is not the ARN of a role`);
}

function parseValues(text: string): Readonly<Record<string, unknown>> {
  try {
    const values: unknown = JSON.parse(text);
    if (typeof values === 'object' && values !== null && !Array.isArray(values)) return { ...values };
  } catch {
    // Falls through: the text may hold what a deployment keeps private, so the error does not quote it.
  }
  throw new Error('POLICY_VALUES is not a JSON object');
}

/** Strings that WHATWG URL would rewrite are no exact `iss` anybody sends. */
function isIssuerUrl(value: string): boolean {
  const url = URL.parse(value);
  const exact = value === url?.href || `${value}/` === url?.href;
  return exact && url?.protocol === 'https:' && !/[?#@]/.test(value) && !url.hostname.endsWith('.');
}

/** Of two entries with one (url, audience) pair the second would never be met; the compiler saw only their names. */
function refuseSamePair(issuers: readonly TrustedIssuer[]): void {
  const pairs = issuers.flatMap(({ url, audiences }) => audiences.map((audience) => JSON.stringify([url, audience])));
  const streams = issuers.flatMap(({ url, events }) => (events ? [JSON.stringify([url, events.audience])] : []));
  if (hasRepeats(pairs) || hasRepeats(streams)) throw new Error('POLICY_VALUES makes two issuers the same');
}

function hasRepeats(values: readonly string[]): boolean {
  return new Set(values).size < values.length;
}

/** A request names a role by its ARN, too: it must not mean two. */
function refuseSameRole(roles: readonly Role[]): void {
  if (new Set(roles.map(({ arn }) => arn)).size < roles.length)
    throw new Error('POLICY_VALUES makes two roles the same');
}
