// The order of the test files. Those that want a worker of their own begin, for Vitest ends a shared worker when the next file in
// line wants one; then those that take long, so that neither core waits for the other at the end.
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Vitest knows how long a file takes where it has run before, and elsewhere only how long it is. */
const long = [
  ...[
    'stack/demonstration',
    'shared/aws/records/single-use-races',
    'infra/release/package',
    'infra/app',
    'stack/failures',
  ],
  ...[
    'infra/local/start',
    'infra/local/stack',
    'stack/revocation-races',
    'rfc/rfc',
    'stack/profiles',
    'infra/cli-bundle',
    'infra/cambio-stack',
    'infra/token-exchange',
  ],
  ...['stack/examples', 'stack/credentials', 'infra/local/aws-cli', 'cli/github-action', 'cli/aws/exec'],
  ...['infra/asset-upload', 'stack/least-privilege', 'shared/aws/records/single-uses', 'stack/status-and-events'],
  ...[
    'shared/aws/records/listed-items',
    'stack/probe-function',
    'cli/agent/agent',
    'shared/aws/records/listed-decisions',
  ],
];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((one, other) => placeOf(one) - placeOf(other));
  }
}

function placeOf({ moduleId, project }: TestSpecification): number {
  const index = long.findIndex((path) => moduleId.endsWith(`/test/${path}.test.ts`));
  const place = index === -1 ? long.length : index;
  return project.config.isolate ? place : long.length + 1 + place;
}
