// Versions of a function and the alias between them: a share of its calls goes to another version, and comes back.
import { afterEach, describe, expect, it } from 'vitest';
import { createCleanup } from '../../../../infra/local/cleanup.ts';
import { aliasesOf } from '../../../../infra/local/lambda/aliases.ts';
import { createFunctions, type Invocation } from '../../../../infra/local/lambda/running-functions.ts';
import { definition } from './function-world.ts';

let cleanup = createCleanup();
afterEach(async () => {
  await cleanup.run();
  cleanup = createCleanup();
});

function world() {
  const probe = definition('probe');
  const invocations: Invocation[] = [];
  const functions = createFunctions({
    definitions: [probe],
    aliases: [{ functionArn: probe.arn, name: 'live', version: '1' }],
    environments: 1,
    coldStartMs: 0,
    onLine: () => {},
    onInvocation: (invocation) => invocations.push(invocation),
    cleanup,
  });
  const setting = async (qualifier: string) => {
    const result = await functions.invoke(`${probe.arn}${qualifier}`, JSON.stringify({ do: 'env' }));
    return result.ok ? (JSON.parse(result.payload) as NodeJS.ProcessEnv)['SETTING'] : result.message;
  };
  return { ...functions, arn: probe.arn, live: `${probe.arn}:live`, invocations, setting };
}

describe('an alias', () => {
  it('sends a share of its calls to another version, all of them, or none again', async () => {
    const { arn, live, publish, shift, setting, list, invocations } = world();
    const version = publish(arn, { environment: { SETTING: 'other' } });
    expect([version, await setting(':live'), await setting(`:${version}`)]).toEqual(['2', 'value', 'other']);
    shift(live, { version, weight: 1 });
    expect(await setting(':live')).toBe('other');
    shift(live, { version, weight: 0.5 });
    const seen = new Set<string | undefined>();
    for (let count = 0; count < 64 && seen.size < 2; count += 1) seen.add(await setting(':live'));
    expect(seen).toEqual(new Set(['value', 'other']));
    shift(live, undefined);
    expect([await setting(':live'), await setting('')]).toEqual(['value', 'value']);
    expect((await list()).map((info) => info.version)).toEqual(['1', '2']);
    expect(new Set(invocations.map((invocation) => invocation.version))).toEqual(new Set(['1', '2']));
    expect(invocations.every(({ isError, concurrent }) => !isError && concurrent === 1)).toBe(true);
  });

  it('and a version have to exist', async () => {
    const { arn, live, publish, shift, setting } = world();
    expect([await setting(':live'), await setting(':dead')]).toEqual([
      'value',
      `no function ${arn}:dead in the template`,
    ]);
    expect(() => shift(live, { version: '7', weight: 1 })).toThrow('no such version or weight');
    expect(() => shift(live, { version: '1', weight: 2 })).toThrow('no such version or weight');
    expect(() => shift(`${arn}:dead`, undefined)).toThrow(`no alias ${arn}:dead`);
    expect(() => publish(`${arn}x`, {})).toThrow(`no function ${arn}x`);
    expect(() => shift(live, { version: '1', weight: 1 })).not.toThrow();
  });

  it('of the template has its version and its weights', () => {
    const alias = (more: Record<string, unknown>) => {
      const Properties = { FunctionName: 'f', FunctionVersion: '1', Name: 'live', ...more };
      const template = { Resources: { Live: { Type: 'AWS::Lambda::Alias', Properties } } };
      const isRef = (value: unknown) => JSON.stringify(value) === '{"Ref":"Live"}';
      return aliasesOf(template, (value) => (isRef(value) ? 'arn:aws:lambda:r:1:function:f:live' : value))[0];
    };
    const plain = { functionArn: 'arn:aws:lambda:r:1:function:f', name: 'live', version: '1' };
    expect(alias({})).toEqual(plain);
    const weights = [{ FunctionVersion: '2', FunctionWeight: 0.1 }];
    expect(alias({ RoutingConfig: { AdditionalVersionWeights: weights } })).toEqual({
      ...plain,
      share: { version: '2', weight: 0.1 },
    });
    expect(() => alias({ RoutingConfig: { AdditionalVersionWeights: [...weights, ...weights] } })).toThrow(
      'one version',
    );
  });
});
