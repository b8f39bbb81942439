// A grant of a role with the claims of one token in it: tags, source identity and session policy. Pure.
import type { Claims } from './claims.ts';
import type { ClaimReference, RoleGrant, Template } from './compiled-policy.ts';
import { type FillProblem, fillTags, type SessionTag, type TagProblem } from './session-tags.ts';
import { fillText } from './template.ts';

/** Why there is no session: which part of the grant a token cannot fill. */
export interface SessionProblem {
  readonly part: 'tag' | 'sourceIdentity' | 'sessionPolicy';
  /** Key of the tag, path of the claim. Policy text, nothing of the token. */
  readonly name: string;
  readonly problem: FillProblem;
}

export interface FilledGrant {
  readonly tags: readonly SessionTag[];
  readonly dropped: readonly TagProblem[];
  readonly transitive: readonly string[];
  readonly sourceIdentity: string | undefined;
  /** JSON text. */
  readonly policy: string | undefined;
}

/** Of inline policy and ARNs of managed ones together, by STS. */
const maxPolicyCharacters = 2_048;
/** Stars and question marks would widen a resource, `${` would begin a policy variable. */
const meaningful = /[*?${}]/;

/**
 * Fills a grant; `refused` when something it needs cannot be had from this token.
 * @param reserved tags of every session of a revocable role
 */
export function fillRoleGrant(
  grant: RoleGrant,
  claims: Claims,
  reserved: readonly SessionTag[] = [],
): FilledGrant | { readonly refused: SessionProblem } {
  const tagged = fillTags(grant.tags, claims, reserved);
  if ('refused' in tagged)
    return { refused: { part: 'tag', name: tagged.refused.key, problem: tagged.refused.problem } };
  const sourceIdentity = grant.sourceIdentity && fillText(grant.sourceIdentity, claims);
  if (grant.sourceIdentity && !sourceIdentity)
    return { refused: { part: 'sourceIdentity', name: '', problem: 'missing' } };
  const policy = grant.sessionPolicy && fillPolicy(grant.sessionPolicy, claims, grant.policyArns);
  if (typeof policy === 'object') return { refused: policy };
  // STS refuses transitive keys of tags the session does not have.
  const transitive = grant.transitive.filter((key) => tagged.tags.some((tag) => tag.key === key));
  return { ...tagged, transitive, sourceIdentity, policy };
}

/** A session policy limits the session, so a part that cannot be filled refuses the session; it is never left out. */
function fillPolicy(template: Template, claims: Claims, arns: readonly string[]): string | SessionProblem {
  const problem = template.flatMap((part) => (typeof part === 'string' ? [] : (partProblem(part, claims) ?? [])))[0];
  if (problem) return problem;
  const text = template
    .map((part) => (typeof part === 'string' ? part : escaped(fillText([part], claims) ?? '')))
    .join('');
  const characters = text.length + arns.join('').length;
  return characters <= maxPolicyCharacters ? text : { part: 'sessionPolicy', name: '', problem: 'length' };
}

function partProblem(reference: ClaimReference, claims: Claims): SessionProblem | undefined {
  const text = fillText([reference], claims);
  const at = { part: 'sessionPolicy', name: reference.claim } as const;
  if (text === undefined || text === '') return { ...at, problem: 'missing' };
  return meaningful.test(text) ? { ...at, problem: 'characters' } : undefined;
}

/** The inside of a JSON string literal, in ASCII: STS takes no more than Latin-1. */
function escaped(text: string): string {
  const literal = JSON.stringify(text).slice(1, -1);
  return literal.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
