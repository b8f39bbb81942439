// Roles for CI jobs whose sessions end with the job's token: too short for what refreshes credentials ahead of time. Pure.
import { profileNameOf } from '../claims/catalogue.ts';
import { byName, type MergedPolicy } from '../schema/merge.ts';
import { type Diagnostic, quote } from '../source/diagnostic.ts';
import { below, keyOf, warningAt } from '../source/place.ts';

/** Profiles of jobs, whose tokens live for minutes; the others are asked for again as long as the workload runs. */
const ofJobs: readonly string[] = [
  ...['github-actions', 'gitlab', 'circleci', 'buildkite', 'hcp-terraform', 'bitbucket', 'azure-devops', 'semaphore'],
  ...['spacelift', 'vercel', 'codefresh'],
];

/** botocore asks for new credentials when the old ones have less than 15 minutes left: of these, at each use. */
export function checkShortSessions({ rules, issuers }: MergedPolicy): readonly Diagnostic[] {
  const known = byName(issuers);
  return rules.flatMap(({ name, value: { from, grant, outlive }, place }) => {
    const issuer = known.get(from)?.value;
    const profile = (issuer && profileNameOf(issuer)) ?? '';
    if (grant?.role === undefined || outlive === true || !ofJobs.includes(profile)) return [];
    const message = `rule ${quote(name)}: sessions of a job end with its token, or after the 15m that are the least`;
    const hint =
      'boto3 and the AWS CLI ask again below 15m: say outlive: true with a ttl such as 1h, or use cambio aws exec';
    return [warningAt(keyOf(below(place, 'grant', 'role')), message, hint)];
  });
}
