// `cambio doctor`: what stands between this machine and a token, from the URL to the clock. Calls the public documents, and, with AWS credentials, AWS Lambda.

import { CallFailed } from './call-failed.ts';
import { type Checked, checkClock, checkKeys, checkServer, type Finding } from './doctor-checks.ts';
import { checkConcurrency } from './doctor-concurrency.ts';
import type { Machine } from './machine.ts';
import { printable } from './printable.ts';
import { proxyOf } from './proxy.ts';
import { type Server, serverOf } from './server.ts';
import { type ClientOptions, clientOf } from './token/client-credentials.ts';
import { type SubjectTokenOptions, tokenFinder } from './token/subject-token.ts';
import { factsOf, tokenSummary } from './token/token-facts.ts';
import { exitCodes, type Output, UsageError } from './usage.ts';

export interface DoctorOptions extends SubjectTokenOptions, ClientOptions {
  readonly url?: string | undefined;
}

/** @returns the exit code: 0 when all is well, 1 when something is not, 3 when the server cannot be reached */
export async function doctor(options: DoctorOptions, output: Output, machine: Machine): Promise<number> {
  const findings: Finding[] = [];
  const say = (finding: Finding): void => {
    findings.push(finding);
    output.stdout(`${finding.isWell ? '✓' : '✗'} ${finding.what}: ${printable(finding.found)}\n`);
    if (finding.advice !== undefined) output.stdout(`    ${finding.advice}\n`);
  };
  const server = serverOf(options.url, machine);
  say({ isWell: true, what: 'url', found: `${server.at('').href} (${originOf(options, machine)})` });
  const proxy = proxyOf(server.at(''), machine.environment);
  if (proxy) say({ isWell: true, what: 'proxy', found: proxy.host });
  const checked: Checked = await checkServer(server, machine);
  say(checked.finding);
  if (checked.metadata) {
    say(checkClock(checked.metadata, machine));
    say(await checkKeys(checked.metadata, machine));
  }
  say(await checkToken(options, server, machine));
  const client = await checkClient(options, server, machine);
  if (client) say(client);
  const concurrency = await checkConcurrency(server, machine);
  if (concurrency) say(concurrency);
  if (!checked.metadata) return checked.isReachable ? exitCodes.refused : exitCodes.unavailable;
  return findings.every(({ isWell }) => isWell) ? exitCodes.ok : exitCodes.refused;
}

function originOf({ url }: DoctorOptions, { environment }: Machine): string {
  if (url !== undefined) return '--url';
  return environment['CAMBIO_URL'] ? 'CAMBIO_URL' : 'the default; set CAMBIO_URL for another';
}

async function checkToken(options: DoctorOptions, server: Server, machine: Machine): Promise<Finding> {
  const what = 'token';
  try {
    const { token, from } = await tokenFinder(options, server, machine, { stdin: true })();
    const exp = factsOf(token)?.exp;
    const isOver = exp !== undefined && exp * 1_000 <= machine.clock();
    const found = `from ${from}: ${tokenSummary(token, machine.clock())}`;
    const advice = isOver ? 'get a fresh one: it is asked for anew by each command where that is possible' : undefined;
    return { isWell: !isOver, what, found, advice };
  } catch (error) {
    return { isWell: false, what, found: wordsOf(error) };
  }
}

async function checkClient(options: DoctorOptions, server: Server, machine: Machine): Promise<Finding | undefined> {
  const what = 'client';
  try {
    const client = clientOf(options, server, machine);
    if (!client) return undefined;
    await client.authenticate();
    return { isWell: true, what, found: client.id || 'the one its token fits' };
  } catch (error) {
    return { isWell: false, what, found: wordsOf(error) };
  }
}

function wordsOf(error: unknown): string {
  if (error instanceof UsageError || error instanceof CallFailed) return error.message;
  throw error;
}
