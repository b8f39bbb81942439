// The emulators with two known principals, their SDK clients, and requests no SDK would send.

import { KMSClient } from '@aws-sdk/client-kms';
import { STSClient } from '@aws-sdk/client-sts';
import { type KmsOptions, startKms } from '../../../infra/local/kms/kms.ts';
import type { InjectFault, RecordCall, RecordedCall } from '../../../infra/local/protocol/calls.ts';
import { type StsOptions, startSts } from '../../../infra/local/sts/sts.ts';

export const region = 'eu-west-1';
export const accountId = '111122223333';

export const admin = { accessKeyId: 'AKIAADMINADMINADMIN1', secretAccessKey: 'not-a-secret' };
export const adminArn = `arn:aws:iam::${accountId}:user/admin`;

/** A Lambda function's credentials: its role's session. */
export const lambda = { accessKeyId: 'ASIALAMBDALAMBDALAM1', secretAccessKey: 'not-a-secret', sessionToken: 'lambda' };
export const lambdaArn = `arn:aws:sts::${accountId}:assumed-role/token-function/token`;

/** The account's root user. */
export const root = { accessKeyId: 'AKIAROOTROOTROOTROOT', secretAccessKey: 'not-a-secret' };

const principals = new Map([
  [admin.accessKeyId, adminArn],
  [lambda.accessKeyId, lambdaArn],
  [root.accessKeyId, `arn:aws:iam::${accountId}:root`],
]);

const principalOf = (accessKeyId: string) => principals.get(accessKeyId);

/** Options every emulator takes, and what they recorded. `faults` may be changed between calls. */
export function emulatorOptions() {
  const calls: RecordedCall[] = [];
  const faults: { inject: InjectFault } = { inject: () => undefined };
  const record: RecordCall = (call) => {
    calls.push(call);
  };
  const options = { region, accountId, principalOf, record, fault: (call: RecordedCall) => faults.inject(call) };
  return { calls, faults, options };
}

export async function kmsWorld(extra: Partial<KmsOptions> = {}) {
  const { calls, faults, options } = emulatorOptions();
  const service = await startKms({ ...options, ...extra });
  const client = new KMSClient({ endpoint: service.url, region, credentials: admin, maxAttempts: 1 });
  const raw = (operation: string, input: unknown) =>
    post(service.url, 'kms', JSON.stringify(input), {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `TrentService.${operation}`,
    });
  return { calls, faults, service, client, raw, close: service.close };
}

export async function stsWorld(extra: Partial<StsOptions> = {}) {
  const { calls, faults, options } = emulatorOptions();
  const service = await startSts({ ...options, ...extra });
  const clientOf = (credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }) =>
    new STSClient({ endpoint: service.url, region, credentials, maxAttempts: 1 });
  const raw = (parameters: Readonly<Record<string, string>>) =>
    post(service.url, 'sts', new URLSearchParams({ Version: '2011-06-15', ...parameters }).toString(), {
      'content-type': 'application/x-www-form-urlencoded',
    });
  return { calls, faults, service, client: clientOf(admin), clientOf, raw, close: service.close };
}

export interface RawAnswer {
  readonly status: number;
  readonly text: string;
  /** Error code of either protocol, undefined on success. */
  readonly code: string | undefined;
}

/** A request of the admin; `headers` may replace the Authorization, or with `undefined` remove it. */
export async function post(
  url: string,
  service: string,
  body: string,
  headers: Readonly<Record<string, string | undefined>>,
): Promise<RawAnswer> {
  const all = { 'x-amz-date': '20260101T000000Z', authorization: authorization(service), ...headers };
  const given = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const response = await fetch(url, { method: 'POST', headers: given, body });
  const text = await response.text();
  const [, json, xml] = /"__type":"([^"]+)"|<Code>([^<]+)<\/Code>/.exec(text) ?? [];
  return { status: response.status, text, code: json ?? xml };
}

/** A header in SigV4's form; the emulators do not verify signatures. */
export function authorization(service: string, accessKeyId = admin.accessKeyId): string {
  const credential = `${accessKeyId}/20260101/${region}/${service}/aws4_request`;
  return `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host;x-amz-date, Signature=${'0'.repeat(64)}`;
}

/** The error's name, or `none`. */
export function errorName(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'none',
    (error: unknown) => (error instanceof Error ? error.name : String(error)),
  );
}
