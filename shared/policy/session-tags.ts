// Session tags made of claims, within what STS takes and a budget of bytes. Pure.
import type { Claims } from './claims.ts';
import type { SessionTagTemplate } from './compiled-policy.ts';
import { fillText } from './template.ts';

export interface SessionTag {
  readonly key: string;
  readonly value: string;
}

/** Why a claim's value cannot go where a grant puts it. */
export type FillProblem = 'missing' | 'characters' | 'length' | 'budget';

/** A tag that the session does not carry. */
export interface TagProblem {
  readonly key: string;
  readonly problem: FillProblem;
}

export type FilledTags =
  | { readonly tags: readonly SessionTag[]; readonly dropped: readonly TagProblem[] }
  | { readonly refused: TagProblem };

const legal = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
const illegal = /[^\p{L}\p{Z}\p{N}_.:/=+\-@]/gu;
const longestValue = 256;

/**
 * Bytes that all tags of a session may take: their keys and values in UTF-8, and two for each. STS packs tags in a format
 * it does not publish, into a space it does not name. This many bytes fit whatever the values are, so that the policy and the
 * claims alone decide which tags are carried.
 */
const tagBudget = 900;

/**
 * Required tags are carried or the request is refused; the others, in declared order, while there is room.
 * @param reserved tags that every session has, before the policy's
 */
export function fillTags(
  templates: readonly SessionTagTemplate[],
  claims: Claims,
  reserved: readonly SessionTag[] = [],
): FilledTags {
  const filled = templates.map((template) => ({ template, result: fillTag(template, claims) }));
  const needed = filled.filter(({ template }) => template.required);
  let left = reserved.reduce((room, tag) => room - sizeOf(tag), tagBudget);
  for (const { result } of needed) {
    if ('problem' in result) return { refused: result };
    left -= sizeOf(result);
    if (left < 0) return { refused: { key: result.key, problem: 'budget' } };
  }
  const settled = filled.map(({ template, result }): SessionTag | TagProblem => {
    if ('problem' in result || template.required) return result;
    if (sizeOf(result) > left) return { key: result.key, problem: 'budget' };
    left -= sizeOf(result);
    return result;
  });
  return {
    tags: [...reserved, ...settled.flatMap((tag) => ('value' in tag ? tag : []))],
    dropped: settled.flatMap((tag) => ('problem' in tag ? tag : [])),
  };
}

function fillTag({ key, value: template, sanitize }: SessionTagTemplate, claims: Claims): SessionTag | TagProblem {
  const text = fillText(template, claims);
  if (text === undefined) return { key, problem: 'missing' };
  const value = sanitize ? text.replace(illegal, '_') : text;
  if (!legal.test(value)) return { key, problem: 'characters' };
  return value.length > longestValue ? { key, problem: 'length' } : { key, value };
}

function sizeOf({ key, value }: SessionTag): number {
  return Buffer.byteLength(key) + Buffer.byteLength(value) + 2;
}
