import { expect, test } from 'vitest';
import { createBudget } from '../../../shared/http/budget.ts';

const taken = (budget: () => boolean, tries: number) =>
  Array.from({ length: tries }, () => budget()).filter(Boolean).length;

test('a budget gives its burst at once, then its rate, and never saves more than its burst', () => {
  let now = 0;
  const budget = createBudget({ rate: 50, burst: 200, clock: () => now });
  expect(taken(budget, 300)).toBe(200);
  now = 1_000;
  expect(taken(budget, 300)).toBe(50);
  now = 1_019;
  expect(taken(budget, 1)).toBe(0);
  now = 1_020;
  expect(taken(budget, 2)).toBe(1);
  now = 1_000_000;
  expect(taken(budget, 300)).toBe(200);
});

test('a clock that was set back gives nothing, and does not stop the budget', () => {
  let now = 10_000;
  const budget = createBudget({ rate: 10, burst: 1, clock: () => now });
  expect(taken(budget, 2)).toBe(1);
  now = 0;
  expect(taken(budget, 1)).toBe(0);
  now = 100;
  expect(taken(budget, 1)).toBe(1);
});
