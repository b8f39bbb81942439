// Why there is no ID token where one was looked for: in a job of GitHub Actions, mostly a permission. Pure.
import type { Environment } from '../environment.ts';

const permission =
  'the job cannot ask GitHub for one: give it "permissions: id-token: write" (a pull request from a fork never has it)';
const request =
  'ask for one: curl -H @- "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=AUDIENCE", and "Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" on its stdin';

/** Variables that the runner sets and whose values look like the token that is wanted. */
const runnersOwn = ['ACTIONS_ID_TOKEN_REQUEST_TOKEN', 'ACTIONS_RUNTIME_TOKEN'];

/**
 * What to do, if what is known explains the matter. Never quotes the token.
 * @param token as found; undefined or empty where there was none
 * @param from the variable or file it was looked for in
 */
export function tokenHint(token: string | undefined, from: string, environment: Environment): string | undefined {
  const found = token?.trim() ?? '';
  const mayAsk = (environment['ACTIONS_ID_TOKEN_REQUEST_URL'] ?? '') !== '';
  const how = mayAsk ? request : permission;
  // https://github.blog/engineering/behind-githubs-new-authentication-token-formats/
  if (/^(gh[a-z]|github_pat)_/.test(found)) return `this is a key to GitHub’s API, and no ID token; ${how}`;
  if (found !== '')
    return runnersOwn.includes(from) ? `this is what asks for an ID token, and is none; ${how}` : undefined;
  return environment['GITHUB_ACTIONS'] === 'true' || runnersOwn.includes(from) ? how : undefined;
}
