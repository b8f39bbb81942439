// CloudFront of the template in front of its bucket: which path goes where, what the functions do, what S3 refuses.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDistribution } from '../../../infra/local/distribution.ts';
import { createS3Client } from '../../../infra/local/s3/client.ts';
import { startS3 } from '../../../infra/local/s3/s3.ts';
import type { StackTemplate } from '../../../infra/local/template/stack-template.ts';
import { admin, emulatorOptions, region } from './emulators.ts';

const bucket = 'documents';
let s3: Awaited<ReturnType<typeof startS3>>;
beforeAll(async () => {
  s3 = await startS3(emulatorOptions().options);
  const call = createS3Client({ endpoint: s3.url, region, credentials: admin });
  const body = `<CreateBucketConfiguration><LocationConstraint>${region}</LocationConstraint></CreateBucketConfiguration>`;
  await call({ method: 'PUT', bucket, body });
  const headers = { 'content-type': 'application/json', 'cache-control': 'max-age=1' };
  await call({ method: 'PUT', bucket, key: 'docs/a.json', headers, body: '{}' });
});
afterAll(() => s3.close());

const associated = (EventType: string, id: string) => ({
  EventType,
  FunctionARN: { 'Fn::GetAtt': [id, 'FunctionARN'] },
});
const templateWith = (changes: object = {}): StackTemplate => ({
  Resources: {
    Renamed: {
      Type: 'AWS::CloudFront::Function',
      Properties: {
        FunctionCode:
          "function handler(e) { e.request.uri = e.request.uri.replace('/old/', '/docs/'); return e.request; }",
      },
    },
    Marked: {
      Type: 'AWS::CloudFront::Function',
      Properties: {
        FunctionCode: "function handler(e) { e.response.headers['x-mark'] = { value: 'm' }; return e.response; }",
      },
    },
    Distribution: {
      Type: 'AWS::CloudFront::Distribution',
      Properties: {
        DistributionConfig: {
          Origins: [
            { Id: 'api', DomainName: 'api.example', CustomOriginConfig: {} },
            { Id: 's3', DomainName: `${bucket}.s3.${region}.amazonaws.com`, S3OriginConfig: {} },
          ],
          CacheBehaviors: [
            { PathPattern: '/docs/live.json', TargetOriginId: 'api' },
            {
              PathPattern: '/docs/*',
              TargetOriginId: 's3',
              FunctionAssociations: [associated('viewer-response', 'Marked')],
            },
            {
              PathPattern: '/old/*',
              TargetOriginId: 's3',
              FunctionAssociations: [associated('viewer-request', 'Renamed')],
            },
          ],
          ...changes,
        },
      },
    },
  },
});

function ask(path: string, method = 'GET', template = templateWith()) {
  const client = { endpoint: s3.url, region, credentials: admin };
  const answer = createDistribution({ template, resolve: (value) => value, s3: client });
  return answer({ method, path, query: '', headers: [], body: Buffer.alloc(0), sourceIp: '127.0.0.1' });
}

test('an object comes with its own headers and those that the function adds', async () => {
  const { status, headers = [], body } = (await ask('/docs/a.json')) ?? {};
  expect([status, String(body)]).toEqual([200, '{}']);
  expect(Object.fromEntries(headers)).toMatchObject({
    'content-type': 'application/json',
    'cache-control': 'max-age=1',
    'x-mark': 'm',
    etag: expect.any(String),
  });
});

test('a function may send a request elsewhere', async () => {
  expect((await ask('/old/a.json'))?.status).toBe(200);
});

test('the first behaviour that fits counts; what is another origin’s, no path of it, or no reading is not answered', async () => {
  expect(await ask('/docs/live.json')).toBeUndefined();
  expect(await ask('/docsx/a.json')).toBeUndefined();
  expect(await ask('/docs/a.json', 'POST')).toBeUndefined();
  expect((await ask('/docs/a.json', 'HEAD'))?.status).toBe(200);
});

test('what S3 refuses is answered as S3 answers it, without the function', async () => {
  const { status, headers = [] } = (await ask('/docs/none.json')) ?? {};
  expect([status, Object.fromEntries(headers)]).toEqual([404, { 'content-type': 'application/xml' }]);
});

test('a behaviour without its origin or function is a mistake of the template', async () => {
  const without = (behavior: object) => templateWith({ CacheBehaviors: [{ PathPattern: '/docs/*', ...behavior }] });
  expect(() => ask('/', 'GET', without({ TargetOriginId: 'none' }))).toThrow('has a behaviour without an origin');
  const association = { TargetOriginId: 's3', FunctionAssociations: [associated('viewer-request', 'None')] };
  expect(() => ask('/', 'GET', without(association))).toThrow('the template has no function None');
});
