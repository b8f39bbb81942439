// Vectors: the POSTs of the AWS Signature Version 4 test suite; a body as botocore signs it. The SDK and the
// command, which has the suite's vectors for GET, must agree.
import { readFileSync } from 'node:fs';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { signRequest } from '../../../cli/sigv4.ts';
import { type AwsKeys, createSignPost } from '../../../shared/aws/sigv4.ts';

const keys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const scope = { region: 'us-east-1', service: 'service' };
const now = new Date('2015-08-30T12:36:00Z');
const host = 'example.amazonaws.com';
const post = { path: '/', headers: { host }, body: '', keys, now };

interface Vector {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly token?: string;
  readonly authorization: string;
}

const file = new URL('../../vectors/aws-sig-v4/posts.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf8')) as readonly Vector[];

describe('the test suite of AWS', () => {
  test.each(vectors)('$name is signed as published', ({ headers, body, token: sessionToken, authorization }) => {
    const signed = createSignPost(scope)({ ...post, headers, body, keys: { ...keys, sessionToken } });
    expect(signed['authorization']).toBe(authorization);
    expect(signed).toHaveProperty('x-amz-date', '20150830T123600Z');
    expect(signed['x-amz-security-token']).toBe(sessionToken);
  });
});

test('a body is signed as botocore signs it', () => {
  const body = 'Action=GetWebIdentityToken&Audience.member.1=https%3A%2F%2Fsts.acme.example';
  const signature = 'ccc5c51fab02601e93c9f0dd38d20a289bbe43d24915d8b012a8438122c0c7cc';
  expect(createSignPost(scope)({ ...post, body })['authorization']).toMatch(new RegExp(`Signature=${signature}$`));
});

const segment = fc.string({ unit: fc.constantFrom(...'abc:/%é $'), maxLength: 20 }).map(encodeURIComponent);
const sessionToken = fc.option(fc.stringMatching(/^[\w/+=]{1,40}$/), { nil: undefined });
const body = fc.string({ unit: 'binary' });

test('whatever is sent, it is signed as the command signs', () => {
  const signPost = createSignPost(scope);
  fc.assert(
    fc.property(segment, body, sessionToken, (last, body, sessionToken) => {
      const url = new URL(`https://${host}/a/${last}/b`);
      const credentials = { ...keys, sessionToken };
      expect(signPost({ ...post, path: url.pathname, body, keys: credentials })).toEqual(
        signRequest({ ...scope, url, body, credentials, method: 'POST', date: now }),
      );
    }),
  );
});

/** A request as a client of the SDK would send it. */
async function requestOfSdk(credentials: SdkKeys, text: string): Promise<SentRequest> {
  let sent: SentRequest | undefined;
  const handle = async (request: unknown): Promise<never> => {
    sent = request as SentRequest;
    throw new Error('not sent');
  };
  const client = new DynamoDBClient({ region: 'eu-west-1', credentials, maxAttempts: 1, requestHandler: { handle } });
  const command = new GetItemCommand({ TableName: 'records', Key: { pk: { S: text } } });
  await expect(client.send(command)).rejects.toThrow('not sent');
  return sent ?? expect.fail('no request');
}

/** As the SDK types them: a token that is not there is no member. */
type SdkKeys = Omit<AwsKeys, 'sessionToken'> & { readonly sessionToken?: string };

interface SentRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Those that a signature names, but for what the signer adds. */
function signedHeaders({ headers }: SentRequest): Readonly<Record<string, string>> {
  const names = /SignedHeaders=([^,]*)/.exec(headers['authorization'] ?? '')?.[1]?.split(';') ?? [];
  const added = ['x-amz-date', 'x-amz-security-token'];
  return Object.fromEntries(names.filter((name) => !added.includes(name)).map((name) => [name, headers[name] ?? '']));
}

test('a request of the SDK has the signature that we make for it, byte for byte', async () => {
  const signPost = createSignPost({ region: 'eu-west-1', service: 'dynamodb' });
  const secret = fc.constantFrom('one', 'two');
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), sessionToken, secret, async (text, token, secretAccessKey) => {
      const credentials = { ...keys, secretAccessKey, ...(token !== undefined && { sessionToken: token }) };
      const request = await requestOfSdk(credentials, text);
      const { path, body, headers } = request;
      const time = (headers['x-amz-date'] ?? '').replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5');
      const ours = { path, headers: signedHeaders(request), body, keys: credentials, now: new Date(time) };
      expect({ ...headers, ...signPost(ours) }).toEqual(headers);
      expect(ours.headers).toHaveProperty('x-amz-target', 'DynamoDB_20120810.GetItem');
    }),
    { numRuns: 50 },
  );
});
