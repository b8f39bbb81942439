// Denials that a token escapes by lacking a claim. Pure.
import { type Diagnostic, quote } from './diagnostic.ts';
import { byName, type MergedPolicy } from './merge.ts';
import { below, errorAt, keyOf, warningAt } from './place.ts';
import type { Profile } from './profiles/profile.ts';
import { profiles } from './profiles/registry.ts';

/** Claims by which forks and pull requests are told. */
const aboutForks = /pull_request|^pr$|^pr_branch$|^head_ref$|^base_ref$|vcs-origin|^scm_repo_url$/;

export function checkDenials({ issuers, rules }: MergedPolicy): readonly Diagnostic[] {
  const known = byName(issuers);
  return rules.flatMap(({ name, value: { from, match = {}, deny }, place }) => {
    const claims = known.get(from)?.value.claims;
    const profile = typeof claims === 'string' ? profiles.get(claims) : undefined;
    if (deny === undefined || profile === undefined) return [];
    return Object.entries(match).flatMap(([path, wanted]) => {
      const at = keyOf(below(place, 'match', path));
      const values = [wanted].flat().map(String);
      if (profile.name === 'github-actions' && path === 'sub' && values.some((sub) => sub.includes('pull_request'))) {
        const message = `rule ${quote(name)} misses pull requests whose job has an environment: their sub names that instead`;
        return [errorAt(at, message, 'deny event_name: [pull_request, pull_request_target]')];
      }
      return isOptional(profile, path) ? [escapable(name, path, values, at)] : [];
    });
  });
}

function isOptional({ optional = [], prefixes = {} }: Profile, path: string): boolean {
  const within = optional.some((claim) => path === claim || path.startsWith(`${claim}.`));
  return within || Object.keys(prefixes).some((prefix) => path.startsWith(prefix));
}

function escapable(rule: string, path: string, values: readonly string[], at: ReturnType<typeof keyOf>): Diagnostic {
  const message = `rule ${quote(rule)} denies by ${quote(path)}, which not every token has: one without it is not denied`;
  const hint = 'ask for what is wanted in the allow rules, or deny with a "when": a missing claim fires it';
  const isAboutForks = aboutForks.test(path) || values.some((value) => /pull|fork/.test(value));
  return (isAboutForks ? errorAt : warningAt)(at, message, hint);
}
