// The Lambda runtime with real processes: environment, failures, concurrency, and that nothing outlives its stack.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createFunction } from '../../../../infra/local/lambda/function.ts';
import { definition, isAlive, type Probe, probe } from './function-world.ts';

const made: Probe[] = [];
function start(...options: Parameters<typeof probe>): Probe {
  const one = probe(...options);
  made.push(one);
  return one;
}

afterEach(() => Promise.all(made.splice(0).map((one) => one.function.stop())));

describe('environment of a function', () => {
  it('is exactly what the definition says, with nothing of the parent', async () => {
    vi.stubEnv('CAMBIO_TEST_PARENT_ONLY', 'must not be inherited');
    const { ask, function: local } = start();
    const { AWS_LAMBDA_RUNTIME_API, AWS_LAMBDA_LOG_STREAM_NAME, ...rest } = (await ask({
      do: 'env',
    })) as NodeJS.ProcessEnv;
    vi.unstubAllEnvs();
    const { _X_AMZN_TRACE_ID, ...declared } = rest;
    expect(declared).toEqual(local.definition.environment);
    expect(AWS_LAMBDA_RUNTIME_API).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(AWS_LAMBDA_LOG_STREAM_NAME).toMatch(/^local\/\[\$LATEST\][0-9a-f]{32}$/);
    expect(_X_AMZN_TRACE_ID).toMatch(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24};/);
  });

  it('gives the handler a context with the qualified ARN and the time that is left', async () => {
    const { function: local } = start({ timeout: 5 });
    const result = await local.invoke(JSON.stringify({ do: 'context' }), 'live');
    const context = JSON.parse(result.ok ? result.payload : '{}') as Record<string, unknown>;
    expect(context.invokedFunctionArn).toBe(`${local.definition.arn}:live`);
    expect(context.functionName).toBe('probe');
    expect(context.awsRequestId).toMatch(/^[0-9a-f-]{36}$/);
    expect(context.remaining).toBeGreaterThan(0);
    expect(context.remaining).toBeLessThanOrEqual(5000);
  });

  it('captures every line the function writes, with its name', async () => {
    const { ask, lines, function: local } = start();
    await ask({ do: 'log', text: 'hello' });
    await local.stop();
    expect(lines).toContainEqual({ function: 'Probe', line: 'out hello' });
    expect(lines).toContainEqual({ function: 'Probe', line: 'err hello' });
  });
});

describe('a failure', () => {
  it('of the handler is reported, and the process goes on', async () => {
    const { ask } = start();
    const before = await ask({ do: 'pid' });
    expect(await ask({ do: 'throw' })).toEqual({
      ok: false,
      failure: 'function-error',
      message: 'RangeError: as asked',
    });
    expect(await ask({ do: 'pid' })).toBe(before);
  });

  it('by timeout kills even a busy process, and the next request has a new one', async () => {
    const { ask, lines } = start({ timeout: 1 });
    const before = await ask({ do: 'pid' });
    expect(await ask({ do: 'spin' })).toEqual({
      ok: false,
      failure: 'timeout',
      message: 'Task timed out after 1.00 seconds',
    });
    const after = await ask({ do: 'pid' });
    expect(after).not.toBe(before);
    expect(isAlive(Number(before))).toBe(false);
    expect(isAlive(Number(after))).toBe(true);
    expect(lines.map(({ line }) => line)).toContainEqual(expect.stringMatching(/^[0-9a-f-]{36} Task timed out/));
  });

  it('by a crash is reported, and the next request has a new process', async () => {
    const { ask } = start();
    const before = await ask({ do: 'pid' });
    expect(await ask({ do: 'exit' })).toMatchObject({ ok: false, failure: 'crash' });
    expect(await ask({ do: 'pid' })).not.toBe(before);
  });

  it('of the bundle is an init error for every request, where a sound bundle answers', async () => {
    const onLine = (): void => {};
    const broken = createFunction({ definition: definition('broken'), environments: 1, onLine });
    const sound = start();
    for (const _attempt of [1, 2]) {
      expect(await broken.invoke('{}')).toEqual({
        ok: false,
        failure: 'init-error',
        message: 'TypeError: no settings',
      });
    }
    expect(await sound.ask({ echo: true })).toEqual({ echo: true });
    await broken.stop();
  });

  it('is an answer over 6 MB, where one below is delivered', async () => {
    const { ask } = start();
    expect(await ask({ do: 'large', bytes: 6 * 1024 * 1024 - 2 })).toHaveLength(6 * 1024 * 1024 - 2);
    expect(await ask({ do: 'large', bytes: 6 * 1024 * 1024 - 1 })).toMatchObject({
      ok: false,
      failure: 'function-error',
    });
  });
});

describe('concurrency', () => {
  it('gives each request an environment of its own up to the limit and queues the others', async () => {
    const { ask, function: local } = start({}, 2);
    const pids = await Promise.all([1, 2, 3, 4, 5].map(() => ask({ do: 'sleep', milliseconds: 150 })));
    expect(new Set(pids).size).toBe(2);
    expect(await local.pids()).toHaveLength(2);
  });

  it('reuses the one environment for requests that follow each other', async () => {
    const { ask } = start({}, 4);
    const pids = [await ask({ do: 'pid' }), await ask({ do: 'pid' }), await ask({ do: 'pid' })];
    expect(new Set(pids).size).toBe(1);
  });
});

describe('the end', () => {
  it('settles requests that run or wait, and leaves no process', async () => {
    const { ask, function: local } = start();
    const pid = Number(await ask({ do: 'pid' }));
    const running = ask({ do: 'sleep', milliseconds: 60_000 });
    const waiting = ask({ do: 'pid' });
    await local.stop();
    expect(await running).toMatchObject({ failure: 'stopped' });
    expect(await waiting).toMatchObject({ failure: 'stopped' });
    expect(await ask({ do: 'pid' })).toMatchObject({ failure: 'stopped' });
    expect(isAlive(pid)).toBe(false);
  });

  it('of a stack that is killed outright ends its functions too', async () => {
    const world = new URL('./function-world.ts', import.meta.url).href;
    const script = `const { probe } = await import('${world}'); console.log(await probe().ask({ do: 'pid' }));`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
    expect(isAlive(Number(line))).toBe(true);
    parent.kill('SIGKILL');
    await vi.waitFor(() => expect(isAlive(Number(line))).toBe(false), { timeout: 10_000 });
  });
});
