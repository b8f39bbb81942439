// The custom resource's answer to CloudFormation, over a real connection.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CloudFormationCustomResourceEvent } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { customResource } from '../../../shared/aws/custom-resource.ts';

const answers: { method: string | undefined; contentType: string | undefined; body: Record<string, unknown> }[] = [];
let status = 200;
const server = createServer((request, response) => {
  let text = '';
  request.on('data', (chunk) => (text += chunk));
  request.on('end', () => {
    answers.push({ method: request.method, contentType: request.headers['content-type'], body: JSON.parse(text) });
    response.writeHead(status).end();
  });
});
beforeAll(() => new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve)));
afterAll(() => new Promise((resolve) => void server.close(resolve)));

function event(type: 'Create' | 'Update' | 'Delete'): CloudFormationCustomResourceEvent {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/answer`;
  const ids = { StackId: 'stack', RequestId: 'request', LogicalResourceId: 'logical', ResourceType: 'Custom::X' };
  const sent = {
    RequestType: type,
    ResponseURL: url,
    ServiceToken: 'arn',
    ...ids,
    ResourceProperties: { ServiceToken: 'arn', Keys: [1] },
  };
  return sent as unknown as CloudFormationCustomResourceEvent;
}

describe('a custom resource', () => {
  test.each(['Create', 'Update'] as const)('%s does its work and answers SUCCESS', async (type) => {
    const seen: unknown[] = [];
    await customResource('physical', async (properties) => {
      seen.push(properties['Keys']);
    })(event(type));
    expect(seen).toEqual([[1]]);
    expect(answers.at(-1)).toEqual({
      method: 'PUT',
      contentType: '',
      body: {
        Status: 'SUCCESS',
        PhysicalResourceId: 'physical',
        StackId: 'stack',
        RequestId: 'request',
        LogicalResourceId: 'logical',
      },
    });
  });

  test('answers with what its work found out, which are its attributes', async () => {
    await customResource('physical', async () => ({ VALUES: '00ff' }))(event('Update'));
    expect(answers.at(-1)?.body).toMatchObject({ Status: 'SUCCESS', Data: { VALUES: '00ff' } });
  });

  test('answers FAILED with the reason when its work fails', async () => {
    await customResource('physical', () => Promise.reject(new TypeError('no keys')))(event('Create'));
    expect(answers.at(-1)?.body).toMatchObject({
      Status: 'FAILED',
      Reason: 'TypeError: no keys',
      PhysicalResourceId: 'physical',
    });
  });

  test('Delete answers SUCCESS and does nothing: the table outlives the stack', async () => {
    await customResource('physical', () => Promise.reject(new Error('never')))(event('Delete'));
    expect(answers.at(-1)?.body).toMatchObject({ Status: 'SUCCESS' });
  });

  test('fails when CloudFormation does not take its answer, so that Lambda tries again', async () => {
    status = 403;
    await expect(customResource('physical', async () => {})(event('Create'))).rejects.toThrow('403');
    status = 200;
    await expect(customResource('physical', async () => {})(event('Create'))).resolves.toBeUndefined();
  });
});
