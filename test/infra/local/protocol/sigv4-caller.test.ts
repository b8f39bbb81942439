// Who is let in by the emulators: the Authorization header, and each protocol's error shapes.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDynamoDb } from '../../../../infra/local/dynamodb/dynamodb.ts';
import { authorization, emulatorOptions, kmsWorld, post, region, stsWorld } from '../emulators.ts';

let kms: Awaited<ReturnType<typeof kmsWorld>>;
let sts: Awaited<ReturnType<typeof stsWorld>>;
let dynamoDb: Awaited<ReturnType<typeof startDynamoDb>>;
const recorded = emulatorOptions();

beforeAll(async () => {
  [kms, sts, dynamoDb] = await Promise.all([kmsWorld(), stsWorld(), startDynamoDb(recorded.options)]);
});
afterAll(() => Promise.all([kms.close(), sts.close(), dynamoDb.close()]));

type Headers = Readonly<Record<string, string | undefined>>;

const json = (version: string, target: string) => ({
  'content-type': `application/x-amz-json-${version}`,
  'x-amz-target': target,
});
const callers = {
  kms: (headers: Headers) =>
    post(kms.service.url, 'kms', '{}', { ...json('1.1', 'TrentService.ListKeys'), ...headers }),
  dynamodb: (headers: Headers) =>
    post(dynamoDb.url, 'dynamodb', '{}', { ...json('1.0', 'DynamoDB_20120810.ListTables'), ...headers }),
  sts: (headers: Headers) => post(sts.service.url, 'sts', 'Action=GetCallerIdentity&Version=2011-06-15', headers),
};
type Service = keyof typeof callers;

const shape = (status: number, code: string) => ({ status, code });
const coral = (code: string) => shape(400, `com.amazon.coral.service#${code}`);

interface Stranger {
  readonly who: string;
  readonly headers: (service: Service) => Headers;
  readonly answers: Readonly<Record<Service, { readonly status: number; readonly code: string }>>;
}

const incomplete = {
  kms: shape(400, 'IncompleteSignatureException'),
  dynamodb: coral('IncompleteSignatureException'),
  sts: shape(400, 'IncompleteSignature'),
};
const wrongScope = {
  kms: shape(400, 'InvalidSignatureException'),
  dynamodb: coral('InvalidSignatureException'),
  sts: shape(403, 'SignatureDoesNotMatch'),
};

const strangers: readonly Stranger[] = [
  {
    who: 'without an Authorization header',
    headers: () => ({ authorization: undefined }),
    answers: {
      kms: shape(400, 'MissingAuthenticationTokenException'),
      dynamodb: coral('MissingAuthenticationTokenException'),
      sts: shape(403, 'MissingAuthenticationToken'),
    },
  },
  { who: 'with a bearer token', headers: () => ({ authorization: 'Bearer abc' }), answers: incomplete },
  {
    who: 'without a signature',
    headers: (service) => ({ authorization: authorization(service).replace(/, Signature=.*/, '') }),
    answers: incomplete,
  },
  {
    who: 'without signed headers',
    headers: (service) => ({ authorization: authorization(service).replace(/ SignedHeaders=[^,]*,/, '') }),
    answers: incomplete,
  },
  { who: 'without a date', headers: () => ({ 'x-amz-date': undefined }), answers: incomplete },
  {
    who: 'with a credential that is too short',
    headers: (service) => ({
      authorization: authorization(service).replace('/aws4_request', '').replace('/2026', '2026'),
    }),
    answers: incomplete,
  },
  {
    who: 'with a credential of another service',
    headers: () => ({ authorization: authorization('s3') }),
    answers: wrongScope,
  },
  {
    who: 'with a credential of another region',
    headers: (service) => ({ authorization: authorization(service).replace(region, 'ap-south-1') }),
    answers: wrongScope,
  },
  {
    who: 'with a credential of another day',
    headers: (service) => ({ authorization: authorization(service).replace('/20260101/', '/20251231/') }),
    answers: wrongScope,
  },
  {
    who: 'with an access key nobody holds',
    headers: (service) => ({ authorization: authorization(service, 'AKIASTRANGERSTRANGE1') }),
    answers: {
      kms: shape(400, 'UnrecognizedClientException'),
      dynamodb: coral('UnrecognizedClientException'),
      sts: shape(403, 'InvalidClientTokenId'),
    },
  },
];

describe.each(['kms', 'dynamodb', 'sts'] as const)('the local %s', (service) => {
  it.each(strangers)('refuses a caller $who', async ({ headers, answers }) => {
    expect(await callers[service]({})).toMatchObject({ status: 200, code: undefined });
    expect(await callers[service](headers(service))).toMatchObject(answers[service]);
  });

  it('records the caller it lets in and no stranger', async () => {
    const { calls } = { kms, dynamodb: recorded, sts }[service];
    calls.splice(0);
    await callers[service]({ authorization: undefined });
    expect(calls).toEqual([]);
    await callers[service]({});
    expect(calls.map((call) => call.service)).toEqual([service]);
  });
});
