// Whether `cambio doctor` recommends `reservedConcurrency`: from the account's limits (lambda:GetAccountSettings). Network.
// https://docs.aws.amazon.com/lambda/latest/api/API_GetAccountSettings.html
import { CallFailed } from '../call-failed.ts';
import { UsageError } from '../usage.ts';
import type { Aws } from './aws-call.ts';
import { type Found, unknown, well } from './finding.ts';

/** Revocations, suspensions and decisions have a function each: with fewer executions reserved in all, none are for these. */
const fewest = 3;
/** What an account must keep for functions without a reservation. */
const unreservable = 100;

/** Unknown where nobody here can see it: without credentials or the right, and of the local stack. */
export async function checkConcurrency(aws: Aws): Promise<Found> {
  try {
    const { AccountLimit } = await aws.get('lambda', '/2016-08-19/account-settings');
    const { ConcurrentExecutions: all, UnreservedConcurrentExecutions: unreserved } = { ...Object(AccountLimit) };
    if (typeof all !== 'number' || typeof unreserved !== 'number') return unknown('AWS Lambda answers without limits');
    return well(
      `${all - unreserved} of ${all} concurrent executions of the account are reserved`,
      adviceOn(all, unreserved),
    );
  } catch (error) {
    if (error instanceof CallFailed || error instanceof UsageError) return unknown(error.message);
    throw error;
  }
}

function adviceOn(all: number, unreserved: number): string | undefined {
  if (all - unreserved >= fewest) return undefined;
  const flood = 'a flood of other requests can keep /admin/* out';
  return unreserved - unreservable >= fewest
    ? `${flood}: set reservedConcurrency of the construct (docs/deploy.md)`
    : `${flood}: ask for more executions (Service Quotas, Lambda), then set reservedConcurrency of the construct`;
}
