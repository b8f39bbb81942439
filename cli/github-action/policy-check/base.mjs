// The policy as it is at the revision that a pull request is compared with, in a folder of its own. Runs git.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';

/**
 * `path` is undefined where there is none; then `why` says what could not be had, or is undefined too: there is nothing to
 * compare with, as in a job that no pull request or push has started.
 */
export function policyOfBase(policy, given) {
  const folder = mkdtempSync(join(process.env.RUNNER_TEMP || tmpdir(), 'cambio-base-'));
  const close = () => rmSync(folder, { recursive: true });
  const revision = given || revisionOfEvent();
  if (!revision) return { close };
  if (!/^[\w./-]+$/.test(revision) || revision.startsWith('-')) return { close, why: 'the input base is no revision' };
  const top = git({}, 'rev-parse', '--show-toplevel');
  if (top === undefined) return { close, why: 'the workspace is no checkout of git' };
  const commit = commitOf(revision);
  if (commit === undefined)
    return { close, why: `the revision ${revision} cannot be had: check out with fetch-depth: 0` };
  const path = relative(realpathSync(top), realpathSync(resolve(policy)));
  if (path.startsWith('..')) return { close, why: 'the policy is not of this repository' };
  // What lies beside a policy, such as certificates, belongs to it. Files, and no links: nothing outside is read.
  const beside = statSync(policy).isDirectory() ? path : dirname(path);
  const index = { GIT_INDEX_FILE: join(folder, 'index') };
  const files = join(folder, 'files');
  const isOut =
    git(index, '-C', top, 'read-tree', commit) !== undefined &&
    git(index, '-C', top, '-c', 'core.symlinks=false', 'checkout-index', '-q', '-z', '--stdin', `--prefix=${files}/`, {
      input: git(index, '-C', top, 'ls-files', '-z', '--', beside || '.') ?? '',
    }) !== undefined;
  if (!isOut) return { close, why: `the revision ${revision} cannot be read` };
  const found = join(files, path);
  return existsSync(found) ? { close, path: found } : { close, why: 'the base has no policy there: everything is new' };
}

function commitOf(revision) {
  const find = () => git({}, 'rev-parse', '--verify', '--quiet', `${revision}^{commit}`);
  const known = find();
  if (known !== undefined || !/^[0-9a-f]{40}$/.test(revision)) return known;
  // A checkout has the newest commit alone, unless it was told otherwise.
  git({}, 'fetch', '--quiet', '--no-tags', '--depth=1', 'origin', revision);
  return find();
}

function revisionOfEvent() {
  const file = process.env.GITHUB_EVENT_PATH;
  const event = file && existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  const before = /^0*$/.test(event.before ?? '') ? undefined : event.before;
  return event.pull_request?.base?.sha ?? event.merge_group?.base_sha ?? before;
}

/** What it prints; undefined when it fails. The last word may be options. */
function git(environment, ...words) {
  const options = typeof words.at(-1) === 'object' ? words.pop() : {};
  // In a container the checkout belongs to another user.
  const trusted = ['-c', `safe.directory=${process.env.GITHUB_WORKSPACE || process.cwd()}`];
  const { status, stdout } = spawnSync('git', [...trusted, ...words], {
    env: { ...process.env, ...environment },
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    stdio: ['pipe', 'pipe', 'inherit'],
    ...options,
  });
  return status === 0 ? stdout.replace(/\n$/, '') : undefined;
}
