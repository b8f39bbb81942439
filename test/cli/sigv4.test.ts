// Vectors: get-vanilla and get-vanilla-query-order-key-case of the AWS Signature Version 4 test suite.
import { expect, test } from 'vitest';
import { signRequest } from '../../cli/sigv4.ts';

const request = (url: string) => ({
  method: 'GET',
  url: new URL(url),
  region: 'us-east-1',
  service: 'service',
  credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' },
  date: new Date('2015-08-30T12:36:00Z'),
});
const credential = 'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request';

test.each([
  ['https://example.amazonaws.com/', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
  [
    'https://example.amazonaws.com/?Param2=value2&Param1=value1',
    'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  ],
])('a request to %s has the published signature', (url, signature) => {
  expect(signRequest(request(url))).toEqual({
    'x-amz-date': '20150830T123600Z',
    authorization: `${credential}, SignedHeaders=host;x-amz-date, Signature=${signature}`,
  });
});

test('a session token is sent and signed', () => {
  const signed = request('https://example.amazonaws.com/');
  const headers = signRequest({ ...signed, credentials: { ...signed.credentials, sessionToken: 'session' } });
  expect(headers['x-amz-security-token']).toBe('session');
  expect(headers['authorization']).toContain('SignedHeaders=host;x-amz-date;x-amz-security-token,');
});

test('a body is signed, as botocore signs it', () => {
  const body = 'Action=GetWebIdentityToken&Audience.member.1=https%3A%2F%2Fsts.acme.example';
  const { authorization } = signRequest({ ...request('https://example.amazonaws.com/'), method: 'POST', body });
  expect(authorization).toContain('Signature=ccc5c51fab02601e93c9f0dd38d20a289bbe43d24915d8b012a8438122c0c7cc');
});
