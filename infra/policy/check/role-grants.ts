// Grants of roles: tags, source identity and managed policies as STS takes them, whatever the claims are. Pure.
import { parseRoleArn } from '../../../shared/policy/role-arn.ts';
import { limits, roleTtl } from '../schema/defaults.ts';
import { formatDuration, parseDuration } from '../schema/duration.ts';
import { byName, type MergedPolicy } from '../schema/merge.ts';
import type { RoleEntry, RuleEntry } from '../schema/schema.ts';
import { parseTemplate } from '../schema/template.ts';
import { type Diagnostic, quote } from '../source/diagnostic.ts';
import { itemsOf, repeatedItems } from '../source/list-items.ts';
import { below, errorAt, keyOf, type Place } from '../source/place.ts';
import { tooLong, tooShort } from './roles.ts';

type GrantEntry = NonNullable<RuleEntry['grant']>;

const maxTags = 50;
/** Of them in every session of a revocable role. */
const revocationTags = 3;
const maxPolicyArns = 10;
const legalKey = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u;
const legalValue = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
const longestValue = 256;

const ofRoles = ['tags', 'sourceIdentity', 'transitive', 'sessionPolicy', 'policyArns'] as const;
const ofAudiences = ['scopes', 'claims'] as const;

export function checkRoleGrants({ rules, roles }: MergedPolicy): readonly Diagnostic[] {
  const known = byName(roles);
  return rules.flatMap(({ value: { grant }, place }) => {
    if (grant === undefined) return [];
    const at = below(place, 'grant');
    const role = known.get(grant.role ?? '')?.value;
    return [...misplaced(grant, at), ...(role === undefined ? [] : checkGrant(grant, role, at))];
  });
}

function misplaced(grant: GrantEntry, place: Place): Diagnostic[] {
  if ((grant.role === undefined) === (grant.audience === undefined)) return [];
  const [foreign, whose] = grant.role === undefined ? [ofRoles, 'roles'] : [ofAudiences, 'audiences'];
  return foreign
    .filter((key) => grant[key] !== undefined)
    .map((key) => errorAt(keyOf(below(place, key)), `${quote(key)} is for grants of ${whose}`, 'remove it'));
}

function checkGrant(grant: GrantEntry, role: RoleEntry, place: Place): Diagnostic[] {
  return [
    ...checkTtl(grant, role, below(place, 'ttl')),
    ...checkTags(grant.tags ?? {}, role, below(place, 'tags')),
    ...checkTransitive(grant, below(place, 'transitive')),
    ...checkPolicyArns(grant.policyArns ?? [], role, below(place, 'policyArns')),
  ];
}

function checkTtl({ ttl }: GrantEntry, role: RoleEntry, place: Place): Diagnostic[] {
  if (ttl === undefined) return [];
  const seconds = parseDuration(ttl);
  const { maxTtl } = roleTtl(role);
  if (seconds < limits.sessionMin) return [tooShort(place, seconds)];
  if (seconds <= maxTtl) return [];
  if (role.maxTtl === undefined) return [tooLong(place, `ttl ${ttl}`, role)];
  return [
    errorAt(
      place,
      `ttl ${ttl} is over the role's maxTtl ${formatDuration(maxTtl)}`,
      'shorten it, or raise maxTtl of the role',
    ),
  ];
}

function checkTags(tags: NonNullable<GrantEntry['tags']>, { revocable }: RoleEntry, place: Place): Diagnostic[] {
  const keys = Object.keys(tags);
  const most = revocable ? maxTags - revocationTags : maxTags;
  const tooMany =
    keys.length > most ? [errorAt(keyOf(place), `a session has at most ${most} tags`, 'leave some out')] : [];
  return [
    ...tooMany,
    ...keys.flatMap((key, index) => checkKey(key, keys.slice(0, index), keyOf(below(place, key)))),
    ...Object.entries(tags).flatMap(([key, tag]) => checkValue(tag, below(place, key))),
  ];
}

/** STS takes keys that differ only in case for one, and refuses the session. */
function checkKey(key: string, earlier: readonly string[], place: Place): Diagnostic[] {
  const same = earlier.find((other) => other.toLowerCase() === key.toLowerCase());
  if (same !== undefined)
    return [
      errorAt(place, `the tags ${quote(same)} and ${quote(key)} are one to STS`, 'case does not tell keys apart'),
    ];
  if (!legalKey.test(key))
    return [errorAt(place, `${quote(key)} is no tag key`, '1 to 128 letters, digits, spaces and _ . : / = + - @')];
  if (/^aws:/i.test(key))
    return [errorAt(place, `the tag ${quote(key)} is AWS's own`, 'choose a key that does not begin with aws:')];
  if (/^cambio-/i.test(key))
    return [errorAt(place, `the tag ${quote(key)} is Cambio's own`, 'choose a key that does not begin with cambio-')];
  return [];
}

/** The text around the claims, which no token can make legal. */
function checkValue(tag: NonNullable<GrantEntry['tags']>[string], place: Place): Diagnostic[] {
  const { value, sanitize = false } = typeof tag === 'string' ? { value: tag } : tag;
  const at = typeof tag === 'string' ? place : below(place, 'value');
  const text = (parseTemplate(value) ?? []).filter((part) => typeof part === 'string').join('');
  if (text.length > longestValue)
    return [errorAt(at, `a tag value has at most ${longestValue} characters`, 'shorten it')];
  if (sanitize || legalValue.test(text)) return [];
  return [
    errorAt(
      at,
      `${quote(value)} has a character that no tag can have`,
      'letters, digits, spaces and _ . : / = + - @, or sanitize: true',
    ),
  ];
}

function checkTransitive({ transitive = [], tags = {} }: GrantEntry, place: Place): readonly Diagnostic[] {
  const items = itemsOf(transitive, place);
  const unknown = items.filter(({ value }) => !Object.hasOwn(tags, value));
  return [
    ...unknown.map((item) =>
      errorAt(item.place, `there is no tag ${quote(item.value)} in this grant`, 'transitive lists keys of its tags'),
    ),
    ...repeatedItems(items),
  ];
}

/** Managed policies are AWS's or of the role's own account. */
function checkPolicyArns(arns: readonly string[], { arn }: RoleEntry, place: Place): readonly Diagnostic[] {
  const role = parseRoleArn(arn ?? '');
  const items = itemsOf(arns, place);
  const tooMany =
    items.length > maxPolicyArns
      ? [errorAt(keyOf(place), `a session has at most ${maxPolicyArns} managed policies`, 'leave some out')]
      : [];
  const wrong = items.filter(({ value }) => {
    const [, partition, account] =
      /^arn:(aws[a-z-]*):iam::(aws|\d{12}):policy\/(?:[\x21-\x7e]+\/)?[\w+=,.@-]{1,128}$/.exec(value) ?? [];
    return (
      account === undefined || (role && (partition !== role.partition || ![role.accountId, 'aws'].includes(account)))
    );
  });
  return [
    ...tooMany,
    ...wrong.map((item) =>
      errorAt(
        item.place,
        `${quote(item.value)} is no managed policy for a session of this role`,
        "its own account's, or AWS's: arn:aws:iam::aws:policy/NAME",
      ),
    ),
    ...repeatedItems(items),
  ];
}
