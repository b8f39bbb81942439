// The action for pull requests: `check`, `test`, `diff` against the base, `replay`; findings as annotations, the rest in the
// summary of the job. Runs git, and `cambio`, which lies one folder above.
import { randomUUID } from 'node:crypto';
import { appendFileSync, existsSync } from 'node:fs';
import { cambio, escaped, fail, fileOf, input, write } from '../runner.mjs';
import { policyOfBase } from './base.mjs';
import { summaryOf } from './summary.mjs';

const severities = ['error', 'gain', 'loss', 'warning'];

const policy = input('policy') || 'policy';
const failOn = input('fail-on') || 'error';
if (![...severities, 'never'].includes(failOn)) fail('fail-on is error, gain, loss, warning or never');
if (policy.startsWith('-') || !existsSync(policy)) fail(`there is no policy at ${policy}`);
const audit = input('audit');
if (audit && !existsSync(audit)) fail(`there is no file ${audit}`);

const checked = [run('policy', 'check', policy), run('policy', 'test', policy)];
const diagnostics = uniqueOf(checked.flatMap(({ stderr }) => diagnosticsIn(stderr)));
const isWhole = checked[0].status === 0;
for (const diagnostic of diagnostics) annotate(diagnostic);

const diff = isWhole ? compared() : undefined;
const replayed = isWhole && audit ? replayOf(audit) : undefined;

const { gains = [], loses = [], undecided = [] } = diff ?? {};
const flips = replayed?.flips ?? [];
const counts = {
  // A test that fails for want of a policy is told once.
  error: Math.max(
    diagnostics.filter(({ level }) => level === 'error').length,
    checked.every(({ status }) => status === 0) ? 0 : 1,
  ),
  warning: diagnostics.filter(({ level }) => level === 'warning').length,
  gain: gains.length + undecided.length + flips.filter(({ to }) => to === 'granted').length,
  loss: loses.length + flips.filter(({ to }) => to === 'refused').length,
};

// What has no place in a file, such as that there are no tests, is told in the words of the command.
const words = checked.map(
  ({ stdout, stderr }) => stdout.trim() || (diagnosticsIn(stderr).length > 0 ? '' : stderr.trim()),
);
const findings = { policy, counts, checked: words, diagnostics, diff, replayed };
appendFileSync(fileOf('GITHUB_STEP_SUMMARY'), summaryOf(findings));
write('GITHUB_OUTPUT', { errors: counts.error, warnings: counts.warning, gains: counts.gain, losses: counts.loss });

const failing = severities.slice(0, severities.indexOf(failOn) + 1).filter((severity) => counts[severity] > 0);
if (failing.length > 0) fail(failing.map((severity) => `${severity}: ${counts[severity]}`).join(', '));

/** What it says is in the log, and cannot speak to the runner: it is about text that the pull request brought. */
function run(...words) {
  const { status, stdout, stderr } = cambio(words, { stdout: 'pipe', stderr: 'pipe' });
  const token = randomUUID();
  process.stdout.write(`::stop-commands::${token}\n${stderr}${words.includes('--json') ? '' : stdout}\n::${token}::\n`);
  return { status, stdout, stderr };
}

/** Lines as `cambio` writes them: `path:line:column: message`. */
function diagnosticsIn(text) {
  return [...text.matchAll(/^(?! )(.+?):(\d+):(\d+): (warning: )?(.+)$/gm)].map(
    ([, file, line, column, warning, message]) => {
      return { file, line, column, level: warning ? 'warning' : 'error', message };
    },
  );
}

function uniqueOf(diagnostics) {
  return [...new Map(diagnostics.map((each) => [JSON.stringify(each), each])).values()];
}

function annotate({ file, line, column, level, message }) {
  const place = escaped(file).replaceAll(':', '%3A').replaceAll(',', '%2C');
  process.stdout.write(
    `::${level} title=Cambio policy,file=${place},line=${line},col=${column}::${escaped(message)}\n`,
  );
}

function compared() {
  const base = policyOfBase(policy, input('base'));
  try {
    if (base.path === undefined) return base.why === undefined ? undefined : { undecided: [base.why] };
    const { status, stdout } = run('policy', 'diff', base.path, policy, '--json');
    if (status === 0 || status === 1) return JSON.parse(stdout);
    return { undecided: ['the policy of the base does not compile, and nothing can be compared with it'] };
  } finally {
    base.close();
  }
}

function replayOf(file) {
  const { status, stdout, stderr } = run('policy', 'replay', file, '--policy', policy);
  if (status !== 0 && status !== 1) fail(stderr.trim() || 'the recorded decisions cannot be read');
  const lines = stdout.trim().split('\n');
  const flips = lines.flatMap((line) => {
    const [, to, what] = /^(?:granted|refused) to (granted|refused): (.*)$/.exec(line) ?? [];
    return to === undefined ? [] : [{ to, what }];
  });
  return { flips, summary: lines.at(-1) };
}
