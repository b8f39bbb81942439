import { expect, test } from 'vitest';
import { loadedOnce } from '../../shared/loaded-once.ts';

test('what is loaded is loaded once for all who call, and again after it could not be', async () => {
  let loads = 0;
  let isThere = false;
  const load = loadedOnce(async () => {
    loads += 1;
    const file = { loads };
    if (!isThere) throw new Error('no such file');
    return file;
  });
  const said = await Promise.allSettled([load(), load()]);
  expect(said.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(loads).toBe(1);
  isThere = true;
  const [first, second] = await Promise.all([load(), load()]);
  expect(first).toEqual({ loads: 2 });
  expect([second, await load()]).toEqual([first, first]);
});
