// `cambio doctor`: what stands between this machine and a token, from the URL to the clock. Calls the public documents.

import { CallFailed } from './call-failed.ts';
import { type Checked, checkClock, checkKeys, checkServer, type Finding } from './doctor-checks.ts';
import { printable } from './printable.ts';
import { proxyOf } from './proxy.ts';
import { serverOf } from './server.ts';
import type { Surroundings } from './surroundings.ts';
import { type ClientOptions, clientOf } from './token/client-credentials.ts';
import { type SubjectTokenOptions, tokenFinder } from './token/subject-token.ts';
import { describeToken, factsOf } from './token/token-facts.ts';
import { exitCodes, type Output, UsageError } from './usage.ts';

export interface DoctorOptions extends SubjectTokenOptions, ClientOptions {
  readonly url?: string | undefined;
}

/** @returns the exit code: 0 when all is well, 1 when something is not, 3 when the server cannot be reached */
export async function doctor(options: DoctorOptions, output: Output, around: Surroundings): Promise<number> {
  const findings: Finding[] = [];
  const say = (finding: Finding): void => {
    findings.push(finding);
    output.stdout(`${finding.isWell ? '✓' : '✗'} ${finding.what}: ${printable(finding.found)}\n`);
    if (finding.advice !== undefined) output.stdout(`    ${finding.advice}\n`);
  };
  const server = serverOf(options.url, around);
  say({ isWell: true, what: 'url', found: `${server.at('').href} (${originOf(options, around)})` });
  const proxy = proxyOf(server.at(''), around.environment);
  if (proxy) say({ isWell: true, what: 'proxy', found: proxy.host });
  const checked: Checked = await checkServer(server, around);
  say(checked.finding);
  if (checked.metadata) {
    say(checkClock(checked.metadata, around));
    say(await checkKeys(checked.metadata, around));
  }
  say(await checkToken(options, server, around));
  const client = await checkClient(options, server, around);
  if (client) say(client);
  if (!checked.metadata) return checked.isReachable ? exitCodes.refused : exitCodes.unavailable;
  return findings.every(({ isWell }) => isWell) ? exitCodes.ok : exitCodes.refused;
}

function originOf({ url }: DoctorOptions, { environment }: Surroundings): string {
  if (url !== undefined) return '--url';
  return environment['CAMBIO_URL'] ? 'CAMBIO_URL' : 'the default; set CAMBIO_URL for another';
}

type Server = ReturnType<typeof serverOf>;

async function checkToken(options: DoctorOptions, server: Server, around: Surroundings): Promise<Finding> {
  const what = 'token';
  try {
    const { token, from } = await tokenFinder(options, server, around, { stdin: true })();
    const exp = factsOf(token)?.exp;
    const isOver = exp !== undefined && exp * 1_000 <= around.now();
    const found = `from ${from}: ${describeToken(token, around.now())}`;
    const advice = isOver ? 'get a fresh one: it is asked for anew by each command where that is possible' : undefined;
    return { isWell: !isOver, what, found, advice };
  } catch (error) {
    return { isWell: false, what, found: wordsOf(error) };
  }
}

async function checkClient(options: DoctorOptions, server: Server, around: Surroundings): Promise<Finding | undefined> {
  const what = 'client';
  try {
    const client = clientOf(options, server, around);
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
