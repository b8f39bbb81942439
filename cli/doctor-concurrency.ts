// Whether `cambio doctor` recommends `reservedConcurrency`: from the account's limits, where AWS credentials are there to ask
// for them (lambda:GetAccountSettings). Network, through fetch.
// https://docs.aws.amazon.com/lambda/latest/api/API_GetAccountSettings.html
import { CallFailed } from './call-failed.ts';
import type { Finding } from './doctor-checks.ts';
import { type Environment, regionOf } from './environment.ts';
import { fetchWithRetries } from './fetch.ts';
import type { Machine } from './machine.ts';
import { assertPrivate, isLocal, type Server } from './server.ts';
import { credentialsFrom, signRequest } from './sigv4.ts';
import { UsageError } from './usage.ts';

/** Revocations, suspensions and decisions have a function each: with fewer executions reserved in all, none are for these. */
const fewest = 3;
/** What an account must keep for functions without a reservation. */
const unreservable = 100;

/** Undefined where nobody here can see it: without credentials or the right, and of the local stack. */
export async function checkConcurrency(server: Server, machine: Machine): Promise<Finding | undefined> {
  const limits = await limitsOf(server, machine).catch((error) => {
    if (error instanceof CallFailed || error instanceof UsageError) return undefined;
    throw error;
  });
  if (!limits) return undefined;
  const { all, unreserved } = limits;
  const found = `${all - unreserved} of ${all} concurrent executions of the account are reserved`;
  return { isWell: true, what: 'administrators', found, advice: adviceOn(all, unreserved) };
}

function adviceOn(all: number, unreserved: number): string | undefined {
  if (all - unreserved >= fewest) return undefined;
  const flood = 'a flood of other requests can keep /admin/* out';
  return unreserved - unreservable >= fewest
    ? `${flood}: set reservedConcurrency of the construct (docs/deploy.md)`
    : `${flood}: ask for more executions (Service Quotas, Lambda), then set reservedConcurrency of the construct`;
}

async function limitsOf(server: Server, machine: Machine) {
  const { environment } = machine;
  const base = server.at('');
  const region = regionOf(base, environment);
  const url = endpointOf(region, environment, isLocal(base));
  if (!url) return undefined;
  const credentials = credentialsFrom(environment);
  const date = new Date(machine.clock());
  const headers = signRequest({ method: 'GET', url, region, service: 'lambda', credentials, date });
  const { json } = await fetchWithRetries({ url, headers }, machine, { attempts: 1 });
  const { ConcurrentExecutions: all, UnreservedConcurrentExecutions: unreserved } = { ...Object(json['AccountLimit']) };
  return typeof all === 'number' && typeof unreserved === 'number' ? { all, unreserved } : undefined;
}

/** The account beside a local stack is nobody's, unless an endpoint says whose. */
function endpointOf(region: string, environment: Environment, ofLocal: boolean): URL | undefined {
  const named = environment['AWS_ENDPOINT_URL_LAMBDA'] || environment['AWS_ENDPOINT_URL'];
  if (named === undefined && (ofLocal || !/^[a-z0-9-]+$/.test(region))) return undefined;
  const text = named ?? `https://lambda.${region}.amazonaws.com`;
  if (!URL.canParse(text)) return undefined;
  const url = new URL('/2016-08-19/account-settings', text);
  assertPrivate(url, 'the endpoint of AWS Lambda');
  return url;
}
