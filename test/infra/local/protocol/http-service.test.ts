// A handler that fails: a mistake is told and answered 500; what fails because the service has been closed is not told.
import { afterEach, expect, test, vi } from 'vitest';
import { serveHttp } from '../../../../infra/local/protocol/http-service.ts';

afterEach(() => vi.restoreAllMocks());

test('what fails is answered 500 and told, but for what fails because the service is closed', async () => {
  const told = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  let fail = (): void => {};
  let asked = (): void => {};
  const arrived = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const service = await serveHttp(0, 1_024, ({ path }) => {
    if (path === '/at-once') return Promise.reject(new Error('a mistake'));
    asked();
    return new Promise((_resolve, reject) => {
      fail = () => reject(new Error('what is behind it has ended'));
    });
  });
  expect((await fetch(`${service.url}/at-once`)).status).toBe(500);
  expect(told.mock.calls.map(([text]) => String(text).split('\n')[0])).toEqual(['local stack: Error: a mistake']);
  const later = fetch(`${service.url}/later`).then(
    () => 'answered',
    () => 'dropped',
  );
  await arrived;
  await service.close();
  fail();
  expect(await later).toBe('dropped');
  expect(told).toHaveBeenCalledTimes(1);
});
