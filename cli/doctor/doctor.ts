// `cambio doctor`: what stands between this machine and a token, from the URL to the clock; with `--checklist`, whether a deployment
// is as a list of docs/checklists.md wants it; with `--issuer`, whether an issuer can be trusted; with `--policy`, what of it ends. Calls the public documents and, with AWS credentials, AWS.

import { CallFailed } from '../call-failed.ts';
import type { Machine } from '../machine.ts';
import { proxyOf } from '../proxy.ts';
import type { Server } from '../server.ts';
import { type ClientOptions, clientOf, serverFor } from '../token/client-credentials.ts';
import { type SubjectTokenOptions, tokenFinder } from '../token/subject-token.ts';
import { factsOf, tokenSummary } from '../token/token-facts.ts';
import { exitCodes, type Output, UsageError } from '../usage.ts';
import { awsOf } from './aws-call.ts';
import { runChecklist } from './checklist.ts';
import { checkConcurrency } from './concurrency.ts';
import { type Finding, type Found, findingText, well, wrong } from './finding.ts';
import { checkIssuer } from './issuer-checks.ts';
import { type Checked, checkCertificate, checkClock, checkKeys, checkServer } from './server-checks.ts';

export interface DoctorOptions extends SubjectTokenOptions, ClientOptions {
  readonly url?: string | undefined;
  readonly checklist?: string | undefined;
  readonly stack?: string | undefined;
  readonly issuer?: string | undefined;
  /** Of which it is told, too, what ends. */
  readonly policy?: string | undefined;
  readonly json?: boolean | undefined;
}

type Say = (what: string, found: Found) => void;

/**
 * @returns the exit code: 0 when all is well, 1 when something is not, or a list has something that could not be looked at, 3 when
 *   the server cannot be reached
 * @throws UsageError
 */
export async function doctor(options: DoctorOptions, output: Output, machine: Machine): Promise<number> {
  const findings: Finding[] = [];
  const say: Say = (what, found) => {
    const finding = { what, ...found };
    findings.push(finding);
    if (!options.json) output.stdout(findingText(finding));
  };
  const server = serverFor(options, machine);
  const exit = await lookerOf(options)(options, { server, machine, say });
  for (const found of await policyFindings(options, machine)) say('policy', found);
  if (options.json) output.stdout(`${JSON.stringify({ findings })}\n`);
  if (exit !== undefined) return exit;
  const isWell = findings.every(({ state }) => state === 'well');
  return isWell ? exitCodes.ok : exitCodes.refused;
}

async function policyFindings({ policy }: DoctorOptions, { clock }: Machine): Promise<readonly Found[]> {
  if (policy === undefined) return [];
  return (await import('../policy/compiler-commands.ts')).policyEnds(policy, Math.floor(clock() / 1_000));
}

interface Looking {
  readonly server: Server;
  readonly machine: Machine;
  readonly say: Say;
}

/** @throws UsageError */
function lookerOf({ issuer, checklist }: DoctorOptions): typeof lookHere {
  if (issuer !== undefined && checklist !== undefined)
    throw new UsageError('--issuer and --checklist look at two things');
  if (issuer !== undefined) return lookAtIssuer;
  return checklist === undefined ? lookHere : runListed;
}

async function lookAtIssuer({ issuer = '' }: DoctorOptions, looking: Looking): Promise<number | undefined> {
  return (await checkIssuer(issuer, looking)) ? undefined : exitCodes.unavailable;
}

/** @returns the exit code, where the findings do not say it */
async function runListed({ checklist = '', stack }: DoctorOptions, looking: Looking): Promise<number | undefined> {
  const isReachable = await runChecklist(checklist, { ...looking, stack });
  return isReachable ? undefined : exitCodes.unavailable;
}

async function lookHere(options: DoctorOptions, { server, machine, say }: Looking): Promise<number | undefined> {
  if (options.stack !== undefined) throw new UsageError('--stack belongs to --checklist');
  say('url', well(`${server.at('').href} (${originOf(options, machine)})`));
  const proxy = proxyOf(server.at(''), machine.environment);
  if (proxy) say('proxy', well(proxy.host));
  const checked: Checked = await checkServer(server, machine);
  say('server', checked.found);
  if (checked.metadata) {
    say('clock', checkClock(checked.metadata, machine));
    say('keys', await checkKeys(checked.metadata, machine));
  }
  say('token', await checkToken(options, server, machine));
  if (options['client-cert'] !== undefined) say('certificate', await checkCertificate(server, machine));
  const client = await checkClient(options, server, machine);
  if (client) say('client', client);
  const concurrency = await checkConcurrency(awsOf(server.at(''), machine));
  if (concurrency.state !== 'unknown') say('administrators', concurrency);
  return checked.isReachable ? undefined : exitCodes.unavailable;
}

function originOf({ url }: DoctorOptions, { environment }: Machine): string {
  if (url !== undefined) return '--url';
  return environment['CAMBIO_URL'] ? 'CAMBIO_URL' : 'the default; set CAMBIO_URL for another';
}

async function checkToken(options: DoctorOptions, server: Server, machine: Machine): Promise<Found> {
  try {
    const { token, from } = await tokenFinder(options, server, machine, { stdin: true })();
    const exp = factsOf(token)?.exp;
    const found = `from ${from}: ${tokenSummary(token, machine.clock())}`;
    const isOver = exp !== undefined && exp * 1_000 <= machine.clock();
    return isOver
      ? wrong(found, 'get a fresh one: it is asked for anew by each command where that is possible')
      : well(found);
  } catch (error) {
    return wrong(wordsOf(error));
  }
}

async function checkClient(options: DoctorOptions, server: Server, machine: Machine): Promise<Found | undefined> {
  try {
    const client = clientOf(options, server, machine);
    if (!client) return undefined;
    await client.authenticate();
    return well(client.id || 'the one its token fits');
  } catch (error) {
    return wrong(wordsOf(error));
  }
}

function wordsOf(error: unknown): string {
  if (error instanceof UsageError || error instanceof CallFailed) return error.message;
  throw error;
}
