import { expect, test } from 'vitest';
import { patternProblem } from '../../../../infra/policy/check/pattern.ts';

const regularExpressions = [
  '^main',
  'main$',
  'refs/heads/.*',
  '.+',
  'repo:acme/.+:ref',
  '[a-z]+',
  'v[0-9]',
  '[^:]*x',
  '(main|dev)',
  'release-\\d',
  'acme\\.example',
  '(?:main)',
  '(?i)main',
  '(ab)+',
];

const realValues = [
  'refs/tags/v1.*',
  'refs/heads/*',
  'main|dev',
  '{b5a7d6c1-0001-4a6e-9a7c-6d1f8e3b2a10}:{c7d9}',
  'organization:my-org:project:Default Project:workspace:w:run_phase:*',
  'gitlab.com/group/proj//.gitlab-ci.yml@refs/heads/main',
  'repo:acme@1/api@456789:environment:prod%3Aeu',
  'acme/api/.github/workflows/*.yaml@refs/heads/main',
  'feature/(x)',
  'ready?(yes)',
  'someone+tag@acme.example',
  'p://org/project/pipeline',
  'arn:aws:iam::123456789012:role/DataProcessingRole',
  '*.*',
  'C++',
  'a[0]',
];

test.each(regularExpressions)('%s looks like a regular expression', (pattern) => {
  expect(patternProblem(pattern)?.message).toContain('regular expression');
});

test.each(realValues)('%s is a value that tokens have', (pattern) => {
  expect(patternProblem(pattern)).toBeUndefined();
});
