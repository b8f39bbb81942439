// `cambio policy explain`: what a policy decides about a token, and why. Reads the policy and the claims it is given.

import { completeClaims } from '../../infra/policy/rehearse/complete-claims.ts';
import { issuerNamed, ownIssuers } from '../../infra/policy/rehearse/own-token.ts';
import { createRehearse, type Rehearsal, type Rehearsed } from '../../infra/policy/rehearse/rehearse.ts';
import { didYouMean } from '../../infra/policy/source/did-you-mean.ts';
import type { Claims } from '../../shared/policy/claims.ts';
import type { PolicyArtifact } from '../../shared/policy/compiled-policy.ts';
import type { Environment } from '../environment.ts';
import type { Machine } from '../machine.ts';
import { printable } from '../printable.ts';
import { readText } from '../read-text.ts';
import { tokenHint } from '../token/token-hint.ts';
import { exitCodes, type Output, UsageError } from '../usage.ts';
import { conditionLines, ruleLines } from './decision-tree.ts';
import { claimsOfToken, compiledPolicy, parseObject } from './file.ts';
import { slipsOf } from './slips.ts';

/** The server keeps the nearest rules of a decision alone; here somebody wants to know of each. */
const everyRule = { ofGrant: Number.POSITIVE_INFINITY, ofRefusal: Number.POSITIVE_INFINITY };

/** Options as parsed from the command line. */
export interface ExplainOptions {
  readonly policy?: string | undefined;
  readonly claims?: string | undefined;
  readonly 'token-file'?: string | undefined;
  readonly 'token-env'?: string | undefined;
  readonly issuer?: string | undefined;
  readonly 'actor-claims'?: string | undefined;
  readonly 'actor-issuer'?: string | undefined;
  readonly client?: string | undefined;
  readonly audience?: string | undefined;
  readonly resource?: string | undefined;
  readonly role?: string | undefined;
  readonly scope?: string | undefined;
  readonly now?: string | undefined;
  readonly json?: boolean | undefined;
}

/** @returns the exit code: 0 granted, 1 refused, 2 when the options or the files are wrong */
export function policyExplain(
  options: ExplainOptions,
  output: Output,
  machine: Pick<Machine, 'environment' | 'clock'>,
): number {
  const path = options.policy ?? fail('policy explain needs --policy PATH');
  const claims = subjectClaims(options, machine.environment);
  const policy = compiledPolicy(path, output);
  if (!policy) return exitCodes.usage;
  const request = rehearsalOf(options, claims, policy, machine);
  const rehearsed = createRehearse(policy, everyRule)(request);
  output.stderr('signatures, keys, revocation and delegation are not looked at\n');
  const hints = slipsOf(request, policy);
  for (const hint of hints) output.stderr(`hint: ${printable(hint)}\n`);
  const document = { ...documentOf(rehearsed), ...(hints.length > 0 && { hints }) };
  output.stdout(options.json ? `${JSON.stringify(document)}\n` : `${treeOf(rehearsed).join('\n')}\n`);
  return rehearsed.outcome === 'granted' ? exitCodes.ok : exitCodes.refused;
}

function subjectClaims(options: ExplainOptions, environment: Environment): Claims {
  const { claims, 'token-file': file, 'token-env': variable } = options;
  const given = [claims, file, variable].filter((each) => each !== undefined);
  if (given.length !== 1) return fail('give one of --claims FILE, --token-file FILE and --token-env NAME');
  if (claims !== undefined) return parseObject(readText(claims), claims);
  if (file !== undefined) return presentedClaims(readText(file), file, environment);
  const name = variable ?? '';
  return presentedClaims(environment[name], name, environment);
}

function presentedClaims(token: string | undefined, from: string, environment: Environment): Claims {
  const hint = tokenHint(token, from, environment);
  const told = hint === undefined ? '' : `\n  hint: ${hint}`;
  if (token === undefined || token.trim() === '') return fail(`there is no token in ${from}${told}`);
  return told === '' ? claimsOfToken(token, from) : fail(`${from}: not the token of a subject${told}`);
}

function rehearsalOf(
  options: ExplainOptions,
  claims: Claims,
  policy: PolicyArtifact,
  machine: Pick<Machine, 'clock'>,
): Rehearsal {
  const { audience, resource, role, scope, client = '' } = options;
  const targets = [audience, resource, role].filter((each) => each !== undefined);
  if (targets.length !== 1) return fail('give one of --audience NAME, --resource URI and --role NAME');
  if (client !== '' && !Object.hasOwn(policy.clients, client)) {
    return fail(`${client} is no client: ${didYouMean(client, Object.keys(policy.clients))}`);
  }
  const now = timeOf(options.now, machine);
  const subject = { issuer: issuerOf(options.issuer, claims, policy), claims };
  return {
    // A token that was issued is as it is.
    subject: options.claims === undefined ? subject : completeClaims(subject, policy, now),
    actor: actorOf(options, policy, now),
    client,
    audiences: [audience, role].flatMap((name) => name ?? []),
    resources: resource === undefined ? [] : [resource],
    scope: scope?.split(' '),
    now,
  };
}

function actorOf(
  { 'actor-claims': file, 'actor-issuer': issuer }: ExplainOptions,
  policy: PolicyArtifact,
  now: number,
) {
  if (file === undefined && issuer === undefined) return undefined;
  if (file === undefined) return fail('--actor-issuer needs --actor-claims FILE');
  const claims = parseObject(readText(file), file);
  return completeClaims({ issuer: issuerOf(issuer, claims, policy), claims }, policy, now);
}

/** The issuer that is named, else the one whose url is `iss` (and whose audience `aud` names, of several), else the only one. */
function issuerOf(name: string | undefined, claims: Claims, policy: PolicyArtifact): string {
  const { issuers } = policy;
  const names = [...Object.keys(issuers), ...ownIssuers(policy)];
  if (name !== undefined)
    return names.includes(name) ? issuerNamed(name, claims) : fail(`${name} is no issuer: ${didYouMean(name, names)}`);
  const [only, ...others] = Object.keys(issuers);
  if (claims['iss'] === undefined && only !== undefined && others.length === 0) return only;
  if (claims['iss'] === undefined)
    return fail(`the claims have no iss: name the issuer with --issuer (${didYouMean('', names)})`);
  const same = Object.values(issuers).filter(({ url }) => url === claims['iss']);
  const aud = [claims['aud']].flat();
  const [issuer = same[0]] = same.filter(({ audiences }) => audiences.some((each) => aud.includes(each)));
  if (issuer) return issuer.name;
  const urls = Object.values(issuers).flatMap(({ url }) => (typeof url === 'string' ? url : []));
  return fail(`iss is the url of no issuer; name it with --issuer (${didYouMean(String(claims['iss']), urls)})`);
}

function timeOf(epoch: string | undefined, { clock }: Pick<Machine, 'clock'>): number {
  if (epoch === undefined) return Math.floor(clock() / 1_000);
  return /^\d{1,12}$/.test(epoch) ? Number(epoch) : fail('--now is seconds since the epoch');
}

function documentOf({ checks, ...rehearsed }: Rehearsed): object {
  return { ...rehearsed, ...('scopes' in rehearsed && { scopes: rehearsed.scopes }), token: checks };
}

function treeOf(rehearsed: Rehearsed): readonly string[] {
  const { checks, rules } = rehearsed;
  return [
    headOf(rehearsed),
    'token',
    ...conditionLines(checks),
    'rules',
    ...(rules.length === 0 ? ['  no rule is about this issuer and this target'] : ruleLines(rules)),
    ...sessionLines(rehearsed),
  ];
}

/** The tags of a role's session, or what of it cannot be made. */
function sessionLines({ session }: Rehearsed): readonly string[] {
  if (session === undefined) return [];
  if ('part' in session) return ['session', `  ✗ ${session.part} ${session.name}: ${session.problem}`];
  const carried = session.tags.map(({ key, value }) => ({ name: key, wanted: [], got: value, matched: true }));
  const dropped = session.dropped.map(({ key, problem }) => `  ✗ ${key}: dropped, ${problem}`);
  return ['session', ...conditionLines(carried), ...dropped];
}

function headOf(rehearsed: Rehearsed): string {
  const rule = rehearsed.rule === undefined ? '' : ` by ${rehearsed.rule}`;
  if (rehearsed.outcome === 'granted') {
    return `granted${rule}, ${rehearsed.session ? 'AWS credentials' : `scope: ${rehearsed.scopes.join(' ') || 'none'}`}`;
  }
  return `refused${rule}: ${rehearsed.error}, reason ${rehearsed.reason}`;
}

function fail(problem: string): never {
  throw new UsageError(problem);
}
