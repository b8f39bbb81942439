// Why a match that failed came close: what people get wrong most often, in words that hold no value of a claim. Pure.
import type { ClaimMatch } from './compiled-policy.ts';
import { matchesGlob } from './glob.ts';

/** Elements of a list, and lengths of texts, that are looked at: a hint must not cost more than the decision. */
const maxElements = 20;
const maxLength = 512;

type Explain = (wanted: string, got: string) => string | undefined;

/** A hint for people, if a match of a claim of the right type failed for a reason that is known to be common. */
export function hintFor(match: ClaimMatch, got: unknown): string | undefined {
  return got === undefined ? missing(match.path) : nearMiss(match, got);
}

function nearMiss({ anyOf }: ClaimMatch, got: unknown): string | undefined {
  const texts = (Array.isArray(got) ? got : [got]).filter(isShortText).slice(0, maxElements);
  for (const each of anyOf.slice(0, maxElements)) {
    const wanted = String('glob' in each ? each.glob : each.equals);
    for (const text of texts) {
      for (const explain of explanations) {
        const hint = explain(wanted, text);
        if (hint !== undefined) return hint;
      }
    }
  }
  return undefined;
}

function isShortText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= maxLength;
}

function missing(path: string): string {
  if (path === 'environment') return 'the claim is missing: the job names no environment';
  return 'the claim is missing';
}

/** Each is cheap where it has nothing to say, as it nearly always has: a decision explains a hundred conditions. */
const explanations: readonly Explain[] = [
  immutableSubject,
  subjectContext,
  encodedColon,
  trailingSlash,
  letterCase,
  starAtBoundary,
];

const classicRepository = /^repo:[^@/:]+\/[^@/:]+(:|$)/;
const immutableRepository = /^repo:[^@/:]+@\d+\/[^@/:]+@\d+/;

/** GitHub writes ids into `sub` for repositories made, renamed or moved after 2026-07-15. */
function immutableSubject(wanted: string, got: string): string | undefined {
  if (!got.startsWith('repo:')) return undefined;
  const [immutable, classic] = ['the immutable form repo:OWNER@ID/REPO@ID', 'the classic form repo:OWNER/REPO'];
  if (classicRepository.test(wanted) && immutableRepository.test(got)) {
    return `the token has ${immutable}, the rule ${classic}; match repository_id instead`;
  }
  if (immutableRepository.test(wanted) && classicRepository.test(got)) {
    return `the token has ${classic}, the rule ${immutable}; match repository_id instead`;
  }
  return undefined;
}

const context = /^repo:[^:]+:(ref|environment|pull_request|job_workflow_ref)\b/;

/** A GitHub job with an environment has it in `sub` in place of the ref. */
function subjectContext(wanted: string, got: string): string | undefined {
  if (!got.startsWith('repo:')) return undefined;
  const wants = context.exec(wanted)?.[1];
  const has = context.exec(got)?.[1];
  if (wants === undefined || has === undefined || wants === has) return undefined;
  const because = has === 'environment' ? 'the job names an environment' : `the sub of this job has its ${has}`;
  return `the rule wants a sub with ${wants}, and ${because}; match the claims ref and environment instead`;
}

function encodedColon(wanted: string, got: string): string | undefined {
  if (!wanted.includes('%') && !got.includes('%')) return undefined;
  const decode = (text: string): string => text.replaceAll(/%3a/gi, ':');
  const encoded = /%3a/i.test(wanted) !== /%3a/i.test(got);
  return encoded && matchesGlob(decode(wanted), decode(got))
    ? 'a `:` inside a value is written %3A in the token'
    : undefined;
}

function trailingSlash(wanted: string, got: string): string | undefined {
  const lacks = (wanted.endsWith('/') || wanted.endsWith('*')) && matchesGlob(wanted, `${got}/`);
  const differs = lacks || (got.endsWith('/') && matchesGlob(wanted, got.slice(0, -1)));
  return differs ? 'they differ by a trailing slash' : undefined;
}

function letterCase(wanted: string, got: string): string | undefined {
  return matchesGlob(wanted.toLowerCase(), got.toLowerCase()) ? 'they differ by upper and lower case' : undefined;
}

function starAtBoundary(wanted: string, got: string): string | undefined {
  if (!wanted.includes('*')) return undefined;
  const wider = wanted.replaceAll(/\*+/g, '**');
  return wider !== wanted && matchesGlob(wider, got)
    ? '`*` stops at `/` and `:`, and is never empty; `**` would match'
    : undefined;
}
