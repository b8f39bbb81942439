import { expect, test } from 'vitest';
import { didYouMean, nearestOf } from '../../../../infra/policy/source/did-you-mean.ts';

test.each([
  ['audiance', 'audience'],
  ['form', 'from'],
  ['maxage', 'maxAge'],
  ['repositry_id', 'repository_id'],
  ['xep', 'exp'],
])('%s is near %s', (word, meant) => {
  expect(nearestOf(word, ['audience', 'from', 'maxAge', 'repository_id', 'exp'])).toBe(meant);
});

test('a word that is near nothing gets the list', () => {
  expect(didYouMean('x', ['exp', 'aud'])).toBe('known: aud, exp');
  expect(didYouMean('axp', ['exp', 'aud'])).toBe('did you mean exp?');
  expect(didYouMean('x', [])).toBe('there are none');
});

test('what a word begins comes before what is spelt alike', () => {
  expect(didYouMean('github', ['gitlab', 'github-actions'])).toBe('did you mean github-actions?');
  expect(didYouMean('githab', ['gitlab', 'github-actions'])).toBe('did you mean gitlab?');
  expect(didYouMean('deploy', ['deploy-dev', 'deploy-prod'])).toBe('known: deploy-dev, deploy-prod');
});
