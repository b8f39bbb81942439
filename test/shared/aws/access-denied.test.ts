import { expect, test } from 'vitest';
import { retryWhileDenied } from '../../../shared/aws/access-denied.ts';

/** Work that fails `failures.length` times, each time with an error of that name, and how it was waited for. */
async function outcomeOf(failures: readonly string[]) {
  const waited: number[] = [];
  let attempts = 0;
  const work = async (): Promise<void> => {
    const name = failures[attempts];
    attempts += 1;
    if (name !== undefined) throw Object.assign(new Error(`${name} ${attempts}`), { name });
  };
  const outcome = await retryWhileDenied(work, async (seconds) => void waited.push(seconds)).then(
    () => 'done',
    (error: Error) => error.message,
  );
  return { outcome, attempts, seconds: waited.reduce((sum, next) => sum + next, 0) };
}

test('what is denied is tried again, and done once IAM knows the role', async () => {
  expect(await outcomeOf([])).toEqual({ outcome: 'done', attempts: 1, seconds: 0 });
  expect(await outcomeOf(['AccessDeniedException', 'AccessDenied'])).toEqual({
    outcome: 'done',
    attempts: 3,
    seconds: 3,
  });
});

test('what stays denied is given up before the function’s minute ends', async () => {
  const { outcome, attempts, seconds } = await outcomeOf(Array(20).fill('AccessDeniedException'));
  expect(outcome).toBe(`AccessDeniedException ${attempts}`);
  expect([attempts > 4, seconds <= 45]).toEqual([true, true]);
});

test('any other failure is nobody’s to wait for', async () => {
  expect(await outcomeOf(['TypeError'])).toEqual({ outcome: 'TypeError 1', attempts: 1, seconds: 0 });
  expect(await outcomeOf(['AccessDeniedException', 'NotFoundException'])).toMatchObject({
    outcome: 'NotFoundException 2',
    attempts: 2,
  });
});
