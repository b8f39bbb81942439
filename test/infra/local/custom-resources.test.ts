// Custom resources: CloudFormation's events to their functions, answers over one-time URLs, and what is remembered.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createAnswerUrls, runCustomResources } from '../../../infra/local/custom-resources.ts';
import type { Physical } from '../../../infra/local/template/deployment.ts';
import { openState, type StackState } from '../../../infra/local/template/stack-state.ts';
import type { StackTemplate } from '../../../infra/local/template/stack-template.ts';

const folder = mkdtempSync(join(tmpdir(), 'cambio-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const service = 'arn:aws:lambda:eu-west-1:111122223333:function:seed';
const seed = { Type: 'Custom::Seed', Properties: { ServiceToken: service, Count: 2, Flag: true } };

const home = 'http://127.0.0.1:1';

interface World {
  readonly events: Record<string, unknown>[];
  readonly created: Map<string, Physical>;
  readonly run: () => Promise<void>;
}

/** A function that answers `response`; undefined sends nothing. */
function world(
  response: unknown,
  resources: StackTemplate['Resources'] = { Seed: seed },
  state?: StackState,
  origin = home,
): World {
  const answers = createAnswerUrls(origin);
  const events: Record<string, unknown>[] = [];
  const created = new Map<string, Physical>();
  const invoke = async (_arn: string, text: string) => {
    const event = JSON.parse(text) as Record<string, unknown>;
    events.push(event);
    const path = new URL(String(event.ResponseURL)).pathname;
    const body = Buffer.from(JSON.stringify(response) ?? '');
    const put = { method: 'PUT', path, query: '', headers: [], body, sourceIp: '127.0.0.1' };
    expect(answers.take({ ...put, method: 'POST' })).toBeUndefined();
    expect(answers.take(put)?.status).toBe(200);
    expect(answers.take(put)).toBeUndefined();
    return { ok: true, payload: 'null' } as const;
  };
  const template = { Resources: resources };
  const options = { template, resolve: (value: unknown) => value, created, invoke, answers, origin };
  return { events, created, run: () => runCustomResources({ ...options, state: state ?? openState(undefined) }) };
}

const success = { Status: 'SUCCESS', PhysicalResourceId: 'seed-1', Data: { Kid: 'k' } };

describe('a custom resource', () => {
  it('gets a Create event with its properties as strings, and its data become attributes', async () => {
    const { events, created, run } = world(success);
    await run();
    expect(events[0]).toMatchObject({
      RequestType: 'Create',
      ServiceToken: service,
      LogicalResourceId: 'Seed',
      ResourceType: 'Custom::Seed',
      ResourceProperties: { ServiceToken: service, Count: '2', Flag: 'true' },
      StackId: expect.stringMatching(/^arn:aws:cloudformation:/),
      RequestId: expect.any(String),
    });
    expect(created.get('Seed')).toEqual({ ref: 'seed-1', attributes: { Kid: 'k' } });
  });

  it.each([
    ['FAILED', { Status: 'FAILED', Reason: 'no table' }, 'custom resource Seed failed: no table'],
    ['no id', { Status: 'SUCCESS' }, 'custom resource Seed: no PhysicalResourceId'],
    ['no JSON', undefined, 'custom resource Seed: its function sent no answer to the ResponseURL'],
  ])('stops the start when the answer is %s', async (_name, response, message) => {
    await expect(world(success).run()).resolves.toBeUndefined();
    await expect(world(response).run()).rejects.toThrow(message);
  });

  it('comes after those it depends on', async () => {
    const late = { Type: 'Custom::Late', DependsOn: ['Seed'], Properties: { ServiceToken: service } };
    const last = { Type: 'Custom::Last', Properties: { ServiceToken: service, Of: { 'Fn::GetAtt': ['Late', 'Kid'] } } };
    const { events, run } = world(success, { Last: last, Late: late, Seed: seed });
    await run();
    expect(events.map(({ LogicalResourceId }) => LogicalResourceId)).toEqual(['Seed', 'Late', 'Last']);
  });

  it('of an earlier start is left alone while its properties stay, and updated when they or the port change', async () => {
    const directory = join(folder, 'state');
    await world(success, { Seed: seed }, openState(directory)).run();
    const same = world(success, { Seed: seed }, openState(directory));
    await same.run();
    expect(same.events).toEqual([]);
    expect(same.created.get('Seed')).toMatchObject({ ref: 'seed-1', attributes: { Kid: 'k' } });
    const changed = { ...seed, Properties: { ...seed.Properties, Count: 3 } };
    const other = world(success, { Seed: changed }, openState(directory));
    await other.run();
    expect(other.events[0]).toMatchObject({
      RequestType: 'Update',
      PhysicalResourceId: 'seed-1',
      ResourceProperties: { Count: '3' },
      OldResourceProperties: { Count: '2' },
    });
    const elsewhere = world(success, { Seed: changed }, openState(directory), 'http://127.0.0.1:2');
    await elsewhere.run();
    expect(elsewhere.events).toMatchObject([{ RequestType: 'Update', ResourceProperties: { Count: '3' } }]);
  });
});
