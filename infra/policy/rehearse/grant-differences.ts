// What one grant gives that another does not, for the same request. Pure.
import type { Claims } from '../../../shared/policy/claims.ts';
import type { AudienceGrant, PolicyArtifact, RoleGrant } from '../../../shared/policy/compiled-policy.ts';
import { fillTemplate } from '../../../shared/policy/template.ts';
import { formatDuration } from '../schema/duration.ts';
import type { Rehearsed } from './rehearse.ts';
import { type Allow, targetOf } from './world.ts';

/** A grant in one of two policies. */
export interface Granted {
  readonly policy: PolicyArtifact;
  readonly rule: Allow;
  readonly claims: Claims;
  readonly granted: Extract<Rehearsed, { readonly outcome: 'granted' }>;
}

/** What is more than before, in words for people: `scope orders:write`, `lifetime 5m → 15m`. */
export function moreThan(before: Granted, after: Granted): readonly string[] {
  const scopes = after.granted.scopes.filter((scope) => !before.granted.scopes.includes(scope));
  return [
    ...scopes.map((scope) => `scope ${scope}`),
    ...longer('lifetime', before.rule.grant.ttl, after.rule.grant.ttl),
    ...(after.rule.outlive && !before.rule.outlive ? ['outlives the token it is made from'] : []),
    ...depth(before.rule, after.rule),
    ...('role' in after.rule.grant ? ofRole(before, after) : ofAudience(before, after)),
  ];
}

function longer(what: string, before: number, after: number): readonly string[] {
  return after > before ? [`${what} ${formatDuration(before)} → ${formatDuration(after)}`] : [];
}

function depth({ maxDepth: before = 3 }: Allow, { maxDepth: after = 3 }: Allow): readonly string[] {
  return after > before ? [`act levels ${before} → ${after}`] : [];
}

function ofAudience(before: Granted, after: Granted): readonly string[] {
  const [old, now] = [before, after].map(({ policy, rule }) => policy.audiences[targetOf(rule)]);
  const claims = changedKeys(mapped(before), mapped(after)).map((name) => `claim ${name}`);
  const resource = old?.resource !== now?.resource ? [`tokens for ${now?.resource ?? now?.name}`] : [];
  const binding =
    bindingOf(old) !== undefined && bindingOf(old) !== bindingOf(now) ? [`no binding by ${bindingOf(old)}`] : [];
  const format = old?.format === 'reference' && now?.format === 'jwt' ? ['JWTs instead of references'] : [];
  return [...claims, ...resource, ...binding, ...format];
}

function bindingOf(audience: object | undefined): unknown {
  return audience && 'binding' in audience ? audience.binding : undefined;
}

function mapped({ rule: { grant }, claims }: Granted): Claims {
  const templates = 'claims' in grant ? Object.entries(grant.claims) : [];
  return Object.fromEntries(templates.map(([name, template]) => [name, fillTemplate(template, claims)]));
}

function ofRole(before: Granted, after: Granted): readonly string[] {
  const [old, now] = [before, after].map(({ policy, rule }) => policy.roles[targetOf(rule)]);
  const [oldGrant, nowGrant] = [before, after].map(({ rule }) => rule.grant as RoleGrant);
  const [oldTags, nowTags] = [tagsOf(before), tagsOf(after)];
  const gone = Object.keys(oldTags).filter((key) => !Object.hasOwn(nowTags, key));
  const tags = [...changedKeys(oldTags, nowTags).map((key) => `tag ${key}`), ...gone.map((key) => `no tag ${key}`)];
  const identity = same(oldGrant?.sourceIdentity, nowGrant?.sourceIdentity) ? [] : ['source identity'];
  return [
    ...(same(old?.arn, now?.arn) ? [] : ['another role ARN']),
    ...tags,
    ...identity,
    ...(same(oldGrant?.transitive, nowGrant?.transitive) ? [] : ['other transitive tags']),
    ...limits('session policy', oldGrant?.sessionPolicy, nowGrant?.sessionPolicy),
    ...limits('managed policies', emptyIsNone(oldGrant?.policyArns), emptyIsNone(nowGrant?.policyArns)),
    ...(old?.revocable && !now?.revocable ? ['sessions that cannot be revoked'] : []),
  ];
}

/** A limit that is new only takes away. */
function limits(what: string, before: unknown, after: unknown): readonly string[] {
  if (before === undefined || same(before, after)) return [];
  return [after === undefined ? `no ${what}` : `another ${what}`];
}

function emptyIsNone(list: readonly unknown[] | undefined): readonly unknown[] | undefined {
  return list === undefined || list.length === 0 ? undefined : list;
}

function tagsOf({ rule: { grant }, claims }: Granted): Claims {
  const tags = 'tags' in grant ? grant.tags : [];
  return Object.fromEntries(tags.map(({ key, value }) => [key, fillTemplate(value, claims)]));
}

/** Keys that are new, or have another value. */
function changedKeys(before: Claims, after: Claims): readonly string[] {
  return Object.keys(after).filter((key) => after[key] !== undefined && !same(before[key], after[key]));
}

/** Whether two parts of a policy say the same. */
export function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Whether a rule surely grants all that another does, to whoever fits both. */
export function grantsAllOf(wide: Allow, narrow: Allow): boolean {
  return (
    narrow.grant.ttl <= wide.grant.ttl &&
    (wide.outlive === true || narrow.outlive !== true) &&
    (narrow.maxDepth ?? 3) <= (wide.maxDepth ?? 3) &&
    targetOf(wide) === targetOf(narrow) &&
    ('role' in wide.grant
      ? isAsLimited(wide.grant, narrow.grant as RoleGrant)
      : hasAllOf(wide.grant, narrow.grant as AudienceGrant))
  );
}

function hasAllOf(wide: AudienceGrant, narrow: AudienceGrant): boolean {
  const scopes = narrow.scopes.every((scope) => wide.scopes.includes(scope));
  return scopes && Object.entries(narrow.claims).every(([name, template]) => same(wide.claims[name], template));
}

/** Fewer tags may be more: a role may deny by them. */
function isAsLimited(wide: RoleGrant, narrow: RoleGrant): boolean {
  return (
    [wide.tags, wide.transitive, wide.sourceIdentity].every((part, index) =>
      same(part, [narrow.tags, narrow.transitive, narrow.sourceIdentity][index]),
    ) &&
    limits('', wide.sessionPolicy, narrow.sessionPolicy).length === 0 &&
    limits('', emptyIsNone(wide.policyArns), emptyIsNone(narrow.policyArns)).length === 0
  );
}
