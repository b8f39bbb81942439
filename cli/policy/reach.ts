// `cambio policy reach`: every way in to a role or an audience, with a witness for each. Reads the policy.
import { reach, type ShownHop, type ShownWay } from '../../infra/policy/rehearse/reach.ts';
import { didYouMean } from '../../infra/policy/source/did-you-mean.ts';
import type { ClaimMatch, PolicyArtifact, PolicyRule } from '../../shared/policy/compiled-policy.ts';
import type { Machine } from '../machine.ts';
import { printable } from '../printable.ts';
import { exitCodes, type Output, UsageError } from '../usage.ts';
import { count } from './check.ts';
import { compiledPolicy } from './file.ts';

export interface ReachOptions {
  readonly policy?: string | undefined;
  readonly role?: string | undefined;
  readonly audience?: string | undefined;
  readonly json?: boolean | undefined;
}

/** @returns the exit code: 0, whether there is a way or none; 2 when the options or the policy are wrong */
export function policyReach(
  options: ReachOptions,
  path: string,
  output: Output,
  { clock }: Pick<Machine, 'clock'>,
): number {
  if ((options.role === undefined) === (options.audience === undefined)) {
    throw new UsageError('give one of --role NAME and --audience NAME');
  }
  const policy = compiledPolicy(options.policy ?? path, output);
  if (!policy) return exitCodes.usage;
  const found = reach(policy, targetOf(options, policy), Math.floor(clock() / 1_000));
  output.stderr('a witness is a proof that somebody gets in; no witness is no proof that nobody does\n');
  if (policy.tenants) output.stderr('tenants put at run time are not in the policy, and not looked at\n');
  if (found.truncated) output.stderr('there are more ways than were looked at\n');
  output.stdout(options.json ? `${JSON.stringify(found)}\n` : `${linesOf(found, policy).join('\n')}\n`);
  return exitCodes.ok;
}

/** By its name, or by an audience's resource or a role's ARN. */
function targetOf({ role, audience }: ReachOptions, { roles, audiences }: PolicyArtifact): string {
  const [kind, given, known] =
    role === undefined
      ? (['audience', audience ?? '', Object.values(audiences).map(({ name, resource }) => [name, resource])] as const)
      : (['role', role, Object.values(roles).map(({ name, arn }) => [name, arn])] as const);
  const [name] = known.find((forms) => forms.includes(given)) ?? [];
  if (typeof name === 'string') return name;
  const names = known.flatMap(([each]) => (typeof each === 'string' ? each : []));
  throw new UsageError(`${given} is no ${kind}: ${didYouMean(given, names)}`);
}

function linesOf({ target, ways }: ReturnType<typeof reach>, policy: PolicyArtifact): readonly string[] {
  if (ways.length === 0) return [`no way to ${target} was found`];
  const lines = ways.flatMap((way, index) => ['', ...wayLines(way, policy, `${index + 1}. `)]);
  return [`${count(ways.length, 'way')} to ${target}`, ...lines];
}

/** A way in lines: its issuer, then hop by hop the rule, its conditions and a token that fits them. */
export function wayLines(
  { issuer, hops, undecided = [] }: ShownWay,
  policy: PolicyArtifact,
  head: string,
): readonly string[] {
  return [
    `${head}from ${issuer}${undecided.length > 0 ? ', not decided' : ''}`,
    ...hops.flatMap((hop) => hopLines(hop, policy)),
    ...undecided.map((each) => `     ? ${shown(each)}`),
  ];
}

function hopLines({ rule, client, target, scope, claims, actor }: ShownHop, policy: PolicyArtifact): readonly string[] {
  const by = client === undefined ? '' : ` by client ${client}`;
  return [
    `   ${rule}: ${target}${by}${scope === undefined ? '' : ` for scope ${scope}`}`,
    ...conditionsOf(rulesById(policy).get(rule)).map((condition) => `     if ${shown(condition)}`),
    `     ${shown(JSON.stringify(claims))}`,
    ...(actor ? [`     actor from ${actor.issuer}: ${shown(JSON.stringify(actor.claims))}`] : []),
  ];
}

const listed = new WeakMap<PolicyArtifact, ReadonlyMap<string, PolicyRule>>();

function rulesById(policy: PolicyArtifact): ReadonlyMap<string, PolicyRule> {
  const rules = listed.get(policy) ?? new Map(policy.rules.map((rule) => [rule.id, rule]));
  listed.set(policy, rules);
  return rules;
}

/** What a rule wants, a line each: claims and their values, then named conditions. */
export function conditionsOf(rule: PolicyRule | undefined): readonly string[] {
  if (!rule) return [];
  const { match, actor, when = [] } = rule;
  const wanted = ({ path, anyOf }: ClaimMatch) =>
    `${path}: ${anyOf.map((each) => ('glob' in each ? each.glob : each.equals)).join(' | ')}`;
  return [
    ...match.map(wanted),
    ...(actor?.match ?? []).map((each) => `actor.${wanted(each)}`),
    ...when.map(({ name, expression }) => `${name}: ${expression}`),
  ];
}

function shown(text: string): string {
  return printable(text, 2_000);
}
