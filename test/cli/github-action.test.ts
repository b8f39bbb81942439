// The GitHub actions as a release has them: one folder of them for all that is tried, since the command is bundled for it.
import './github-action/job.ts';
import './github-action/policy-check.ts';
