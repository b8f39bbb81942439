// What `npm start` prints of a stack that serves: endpoints and commands to copy. Pure.
import { isDeepStrictEqual } from 'node:util';
import type { Claims } from '../../shared/policy/claims.ts';
import type { AllowRule, AudienceGrant, PolicyArtifact, RoleGrant } from '../../shared/policy/compiled-policy.ts';
import { admissionTo } from '../policy/rehearse/admission.ts';
import { anyHolder } from '../policy/rehearse/holder.ts';
import { createRehearse, type Rehearsal } from '../policy/rehearse/rehearse.ts';
import { createWorld, targetOf } from '../policy/rehearse/world.ts';
import type { LocalStack } from './stack.ts';
import type { ClaimOverrides } from './stand-ins/stand-ins.ts';

type Announced = Pick<LocalStack, 'url' | 'endpoints' | 'policy' | 'issuers' | 'tokenFor'>;

/**
 * The lines before the ready line.
 * @param now epoch seconds
 */
export async function announcement(stack: Announced, now: number): Promise<readonly string[]> {
  const endpoints = [...stack.endpoints, 'GET /_local/issuers'].map((endpoint) => {
    const [method = '', path = ''] = endpoint.split(' ');
    return `  ${method.padEnd(5)} ${stack.url}${path}`;
  });
  return ['Cambio, local stack', ...endpoints, '', ...(await example(stack, now))];
}

async function example(stack: Announced, now: number): Promise<readonly string[]> {
  const standIns = new Set(stack.issuers().flatMap(({ name, standIn }) => (standIn ? [name] : [])));
  const rules = stack.policy.rules.filter(isAllow).filter(({ from }) => standIns.has(from));
  const findClaims = createFindClaims(stack, now);
  return [
    ...(await firstExample(rules.filter(isForAudience), findClaims, (found) => exchangeLines(stack, found))),
    ...(await firstExample(rules.filter(isForRole), findClaims, (found) => credentialsLines(stack, found))),
  ];
}

/** A rule whose target an anonymous caller gets with the stand-in's token, changed so. */
interface Found<Rule extends AnyRule> {
  readonly rule: Rule;
  readonly overrides: ClaimOverrides;
}

/** Of the first rule that an anonymous caller can use: printed is only what works. */
async function firstExample<Rule extends AnyRule>(
  rules: readonly Rule[],
  findClaims: FindClaims,
  linesOf: (found: Found<Rule>) => readonly string[],
): Promise<readonly string[]> {
  for (const rule of rules) {
    const overrides = await findClaims(rule);
    if (overrides) return linesOf({ rule, overrides });
  }
  return [];
}

function exchangeLines(stack: Announced, found: Found<AnyRule & AllowRule>): readonly string[] {
  const { audience } = found.rule.grant;
  return [
    `A token of the stand-in for ${found.rule.from}, exchanged for one of ${audience}:`,
    tokenLine(stack, found),
    `  curl -s -w '\\n' ${stack.url}/token -d audience=${audience} -d subject_token="$token" \\`,
    '    -d grant_type=urn:ietf:params:oauth:grant-type:token-exchange \\',
    '    -d subject_token_type=urn:ietf:params:oauth:token-type:jwt',
    '',
  ];
}

function credentialsLines(stack: Announced, found: Found<AnyRule & AllowRule<RoleGrant>>): readonly string[] {
  const { role } = found.rule.grant;
  return [
    `AWS credentials of ${role}, as an AWS SDK asks for them:`,
    tokenLine(stack, found),
    `  curl -s -w '\\n' "${stack.url}/credentials?role=${role}" -H "Authorization: $token"`,
    '',
  ];
}

function tokenLine(stack: Announced, { rule, overrides }: Found<AnyRule>): string {
  const body = JSON.stringify(overrides).replaceAll("'", `'\\''`);
  const url = `${stack.url}/_local/issuers/${rule.from}/token`;
  return `  token=$(curl -s -X POST -d '${body}' ${url} | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')`;
}

/** What of the stand-in's token has to be otherwise; undefined where no token was found that gets in. */
type FindClaims = (rule: AnyRule) => Promise<ClaimOverrides | undefined>;

/** By the evaluator of the functions, against the whole policy: an earlier rule or a deny rule may decide otherwise. */
function createFindClaims({ policy, tokenFor }: Announced, now: number): FindClaims {
  const rehearse = createRehearse(policy);
  const world = createWorld(policy, now);
  return async (rule) => {
    if (rule.client !== undefined || rule.actor !== undefined) return undefined;
    const claims = claimsOf(await tokenFor(rule.from));
    const target = targetOf(rule);
    const asked = { client: '', audiences: [target], resources: [], scope: undefined, now };
    const base: Rehearsal = { ...asked, subject: { issuer: rule.from, claims } };
    const search = { base, rule, target, subject: anyHolder, actor: anyHolder };
    const gets = ({ subject, ...request }: Rehearsal): boolean =>
      isDeepStrictEqual(request, asked) && rehearse({ ...asked, subject }).outcome === 'granted';
    const admission = admissionTo(world, search, gets);
    return admission && changes(claims, admission.request.subject.claims);
  };
}

function claimsOf(token: string): Claims {
  const [, payload = ''] = token.split('.');
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims;
}

/** `null` takes a claim away. */
function changes(from: Claims, to: Claims): ClaimOverrides {
  const names = [...new Set([...Object.keys(from), ...Object.keys(to)])];
  const changed = names.filter((name) => !isDeepStrictEqual(from[name], to[name]));
  return Object.fromEntries(changed.map((name) => [name, to[name] ?? null]));
}

type AnyRule = AllowRule<AudienceGrant | RoleGrant>;

function isAllow(rule: PolicyArtifact['rules'][number]): rule is AnyRule {
  return 'grant' in rule;
}

function isForAudience(rule: AnyRule): rule is AnyRule & AllowRule {
  return 'audience' in rule.grant;
}

function isForRole(rule: AnyRule): rule is AnyRule & AllowRule<RoleGrant> {
  return 'role' in rule.grant;
}
