// What runs around a response, and in which order.
import type { Context } from 'aws-lambda';
import { expect, test } from 'vitest';
import { json } from '../../../shared/http/api-gateway.ts';
import { around, type Middleware } from '../../../shared/http/middleware.ts';

function traced(name: string, steps: string[], more: Middleware<object> = {}): Middleware<object> {
  const step = (when: string) => () => void steps.push(`${name} ${when}`);
  return { before: step('before'), after: step('after'), onError: step('error'), ...more };
}

const call = (middlewares: readonly Middleware<object>[], respond = async () => json(200, {})) =>
  around(middlewares, respond)({}, {} as Context);

test('the outermost is first before the response and last after it; an error is told to all, from the inside out', async () => {
  const steps: string[] = [];
  expect(await call([traced('outer', steps), traced('inner', steps)])).toEqual(json(200, {}));
  expect(steps.splice(0)).toEqual(['outer before', 'inner before', 'inner after', 'outer after']);
  const answering = traced('outer', steps, {
    onError: (request) => {
      request.response = json(500, {});
    },
  });
  const failing = () => Promise.reject(new TypeError('a bug'));
  expect(await call([answering, traced('inner', steps)], failing)).toEqual(json(500, {}));
  expect(steps.splice(0)).toEqual(['outer before', 'inner before', 'inner error']);
});

test('what a step throws, or waits for in vain, is an error like that of the response; none is passed over in silence', async () => {
  const late = new TypeError('late');
  const refusing: Middleware<object> = { after: () => Promise.reject(late) };
  await expect(call([refusing])).rejects.toBe(late);
  expect(await call([{ after: async () => {} }])).toEqual(json(200, {}));
  const replaced: Middleware<object> = {
    onError: (request) => {
      request.error = new TypeError('another');
    },
  };
  await expect(call([replaced, refusing])).rejects.toThrow('another');
  const early: Middleware<object> = {
    before: () => {
      throw late;
    },
  };
  let responded = false;
  const respond = async () => {
    responded = true;
    return json(200, {});
  };
  await expect(call([early], respond)).rejects.toBe(late);
  expect(responded).toBe(false);
});
