// A checked policy to the artifact the functions read: defaults filled in, durations in seconds, globs told apart. Pure.
import type {
  Audience,
  AudienceGrant,
  ClaimMatch,
  ClaimType,
  PolicyArtifact,
  PolicyRule,
  Template,
  WantedValue,
} from '../../shared/policy/compiled-policy.ts';
import { hashOf } from './canonical-json.ts';
import { type Catalogue, catalogueOf, typeOfClaim } from './catalogue.ts';
import { audienceTtl, defaults } from './defaults.ts';
import { parseDuration } from './duration.ts';
import type { CompiledIssuer } from './lower-issuers.ts';
import { byName, type Entry, type MergedPolicy } from './merge.ts';
import type { AudienceEntry, MatchEntry, RuleEntry } from './schema.ts';
import { parseTemplate } from './template.ts';

export interface LowerInput {
  readonly policy: MergedPolicy;
  readonly issuers: readonly CompiledIssuer[];
  readonly local: boolean;
}

/** The artifact of a policy without errors. */
export function lower({ policy, issuers, local }: LowerInput): PolicyArtifact {
  const content = {
    version: 1,
    local,
    issuers: Object.fromEntries(issuers.map((issuer) => [issuer.name, issuer])),
    clients: {},
    audiences: Object.fromEntries(policy.audiences.map((entry) => [entry.name, lowerAudience(entry)])),
    rules: policy.rules.map((entry) => lowerRule(policy, entry)),
  } as const;
  return { ...content, hash: hashOf(content) };
}

function lowerAudience({ name, value }: Entry<AudienceEntry>): Audience {
  const { resource, scopes = [], alg = defaults.alg } = value;
  return { name, ...(resource !== undefined && { resource }), scopes, format: 'jwt', alg, ...audienceTtl(value) };
}

function lowerRule(policy: MergedPolicy, { name, value }: Entry<RuleEntry>): PolicyRule {
  const issuer = byName(policy.issuers).get(value.from);
  const catalogue = (issuer && catalogueOf(issuer.value)) ?? { claims: {} };
  const core = { id: name, from: value.from, match: lowerMatch(catalogue, value.match ?? {}) };
  if (value.deny === undefined) return { ...core, grant: lowerGrant(policy, value.grant ?? {}) };
  return { ...core, deny: value.deny === true ? 'any' : { audience: value.deny.audience ?? '' } };
}

function lowerGrant(policy: MergedPolicy, grant: NonNullable<RuleEntry['grant']>): AudienceGrant {
  const { audience = '', scopes = [], claims = {}, ttl } = grant;
  const target = byName(policy.audiences).get(audience);
  return {
    audience,
    scopes,
    claims: Object.fromEntries(Object.entries(claims).map(([name, text]) => [name, lowerTemplate(text)])),
    ttl: ttl === undefined ? audienceTtl(target?.value ?? {}).ttl : parseDuration(ttl),
  };
}

function lowerTemplate(text: string): Template {
  return parseTemplate(text) ?? [];
}

function lowerMatch(catalogue: Catalogue, match: MatchEntry): ClaimMatch[] {
  return Object.entries(match).map(([path, wanted]) => {
    const values = [wanted].flat();
    const type = typeOfClaim(catalogue, path);
    return {
      path,
      type: type === undefined || type === 'open' ? typeOfValue(values[0]) : type,
      anyOf: values.map(lowerValue),
    };
  });
}

function typeOfValue(value: string | number | boolean | undefined): ClaimType {
  if (typeof value === 'number') return 'int';
  return typeof value === 'boolean' ? 'bool' : 'string';
}

function lowerValue(value: string | number | boolean): WantedValue {
  return typeof value === 'string' && value.includes('*') ? { glob: value } : { equals: value };
}
