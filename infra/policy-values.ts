// POLICY_VALUES: what CDK knows only at deploy, as one JSON environment variable. Pure but for the stack it renders tokens with.
import { Stack, Tokenization } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/** Bytes of JSON; a function's whole environment may hold 4 KB. */
const limit = 3 * 1024;

/** What a value known only at deploy is counted as: an issuer URL of ordinary length. */
const bytesOfUnknown = 128;

/**
 * The JSON of the values, with tokens rendered for CloudFormation; undefined when there are none.
 * @throws Error above 3 KB, a value known only at deploy counted as 128 bytes
 */
export function policyValues(scope: Construct, values: Readonly<Record<string, string>>): string | undefined {
  if (Object.keys(values).length === 0) return undefined;
  const size = Buffer.byteLength(
    JSON.stringify(Object.entries(values).map(([name, value]) => [name, atDeploy(value)])),
  );
  if (size > limit) {
    throw new Error(
      `policy values known only at deploy take about ${size} bytes, more than ${limit}; write some of them into the policy`,
    );
  }
  return Stack.of(scope).toJsonString(values);
}

function atDeploy(value: string): string {
  return value + '?'.repeat(Tokenization.reverseString(value).tokens.length * bytesOfUnknown);
}
