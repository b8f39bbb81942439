// Vectors: post-vanilla of the AWS Signature Version 4 test suite; a body as botocore signs it. The command's signer, which
// has the suite's vectors for GET, must agree.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { signRequest } from '../../../cli/sigv4.ts';
import { signPost } from '../../../shared/aws/sigv4.ts';

const keys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const post = {
  url: new URL('https://example.amazonaws.com/'),
  ...{ region: 'us-east-1', service: 'service', keys, body: '', now: new Date('2015-08-30T12:36:00Z') },
};
const credential = 'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request';

test.each([
  ['', '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
  [
    'Action=GetWebIdentityToken&Audience.member.1=https%3A%2F%2Fsts.acme.example',
    'ccc5c51fab02601e93c9f0dd38d20a289bbe43d24915d8b012a8438122c0c7cc',
  ],
])('a body of %j has the published signature', (body, signature) => {
  expect(signPost({ ...post, body })).toEqual({
    'x-amz-date': '20150830T123600Z',
    authorization: `${credential}, SignedHeaders=host;x-amz-date, Signature=${signature}`,
  });
});

test('whatever is sent, it is signed as the command signs', () => {
  const segment = fc.string({ unit: fc.constantFrom(...'abc:/%é $'), maxLength: 20 }).map(encodeURIComponent);
  const token = fc.option(fc.stringMatching(/^[\w/+=]{1,40}$/), { nil: undefined });
  fc.assert(
    fc.property(segment, fc.string({ unit: 'binary' }), token, (path, body, sessionToken) => {
      const signed = { ...post, url: new URL(`/a/${path}/b`, post.url), body, keys: { ...keys, sessionToken } };
      expect(signPost(signed)).toEqual(
        signRequest({ ...signed, method: 'POST', credentials: signed.keys, date: post.now }),
      );
    }),
  );
});
