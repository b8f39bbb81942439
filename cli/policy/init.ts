// `cambio init [FOLDER]`: a policy, its tests and a CI job to begin with. Asks on a terminal; writes files, never over one that is there.
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseRoleArn } from '../../shared/policy/role-arn.ts';
import { orDidYouMean } from '../command-line.ts';
import type { Machine } from '../machine.ts';
import { exitCodes, type Output, UsageError } from '../usage.ts';
import { type Answers, type CiSystem, ciSystems, type Question, yaml } from './init-systems.ts';
import { policyTest } from './test.ts';

export type InitOptions = Readonly<Record<string, string | boolean | undefined>>;

const https = /^https:\/\/[a-z0-9.-]+(?::\d{1,5})?(?:\/[A-Za-z0-9._/-]*)?$/;

const general: readonly Question[] = [
  {
    option: 'role',
    asks: 'the ARN of the AWS role that the job gets',
    shape: /^arn:/,
    hint: 'arn:aws:iam::ACCOUNT:role/NAME',
  },
  {
    option: 'url',
    asks: 'the URL of Cambio',
    shape: https,
    hint: 'https://…, the API base: the output ApiBase of the stack, or your domain',
  },
];

const tokenAudience: Question = {
  option: 'token-audience',
  asks: 'the audience of the job’s token',
  shape: https,
  hint: 'an https URL of your own, as the issuer of Cambio: nobody else is to take such tokens',
};

/**
 * @returns the exit code: 0 when everything was written and the tests pass, 1 when a file is there already or they do not
 * @throws UsageError for what is missing where nobody can be asked, or is not of its shape
 */
export async function init(
  folder: string,
  options: InitOptions,
  output: Output,
  machine: Pick<Machine, 'ask'>,
): Promise<number> {
  const system = await systemOf(options, machine);
  const chosen = system.audience ? [] : [tokenAudience];
  const given = await answersTo([...system.questions, ...general, ...chosen], options, machine);
  const answers = { ...given, name: roleName(given['role'] ?? '') };
  const audience = system.audience?.(answers) ?? given['token-audience'] ?? '';
  const job = isThere(join(folder, system.file)) ? 'cambio-job.yaml' : system.file;
  const files: Readonly<Record<string, string>> = {
    'policy/policy.yaml': policyOf(system, answers, audience),
    'policy/policy.test.yaml': testsOf(system, answers),
    [job]: system.job(answers, audience),
  };
  const there = Object.keys(files).filter((file) => isThere(join(folder, file)));
  if (there.length > 0) {
    for (const file of there) output.stderr(`cambio: ${join(folder, file)} is there already; nothing was written\n`);
    return exitCodes.refused;
  }
  for (const [file, text] of Object.entries(files)) {
    write(join(folder, file), text);
    output.stdout(`wrote ${join(folder, file)}\n`);
  }
  const exit = policyTest(join(folder, 'policy'), output);
  const beside = job === system.file ? '' : `put the job of ${job} into ${system.file}; `;
  output.stdout(
    `next: ${beside}put cambio.sh of a release beside it, deploy with -c policy=policy, and let the role trust\n`,
  );
  output.stdout(`  the stack: cambio aws trust-policy --role ${answers.name} --policy ${join(folder, 'policy')}\n`);
  return exit;
}

async function systemOf({ ci }: InitOptions, { ask }: Pick<Machine, 'ask'>): Promise<CiSystem> {
  const names = Object.keys(ciSystems);
  const name = typeof ci === 'string' ? ci : await ask?.(`the CI system (${names.join(', ')}): `);
  if (name === undefined) throw new UsageError(`init needs --ci: one of ${names.join(', ')}`);
  const system = Object.hasOwn(ciSystems, name) ? ciSystems[name] : undefined;
  if (!system) throw new UsageError(`--ci takes one of ${names.join(', ')}${orDidYouMean(name, names)}`);
  return system;
}

/** What was not given is asked; where nobody can be, everything that is missing is told at once. */
async function answersTo(
  questions: readonly Question[],
  options: InitOptions,
  { ask }: Pick<Machine, 'ask'>,
): Promise<Answers> {
  const open = questions.filter((each) => options[each.option] === undefined && each.default === undefined);
  if (!ask && open.length > 0) {
    const told = open.map(({ option, asks, hint }) => `\n  --${option}: ${asks} (${hint})`).join('');
    throw new UsageError(`init needs, where it cannot ask:${told}`);
  }
  const answers: Record<string, string> = {};
  for (const question of questions) {
    const { option } = question;
    const given = options[option];
    answers[option] =
      typeof given === 'string' || !ask
        ? checked(question, typeof given === 'string' ? given : (question.default ?? ''))
        : await answerTo(question, ask);
  }
  return answers;
}

/** Asked again until it is one. */
async function answerTo(question: Question, ask: NonNullable<Machine['ask']>): Promise<string> {
  const { option, asks, hint, default: usual } = question;
  for (let words = `${asks} (${usual ?? hint}): `; ; words = `that is none: ${hint}\n${asks}: `) {
    const answer = await ask(words);
    if (answer === undefined) throw new UsageError(`--${option} is ${asks}: ${hint}`);
    const text = answer.trim() || (usual ?? '');
    if (fits(question, text)) return text;
  }
}

function fits({ option, shape }: Question, answer: string): boolean {
  return shape.test(answer) && (option !== 'role' || parseRoleArn(answer) !== undefined);
}

function checked(question: Question, answer: string): string {
  const { option, asks, hint } = question;
  if (!fits(question, answer)) throw new UsageError(`--${option} is ${asks}: ${hint}`);
  return answer;
}

/** As the policy calls it: the end of its ARN. */
function roleName(arn: string): string {
  const name = (arn.split('/').at(-1) ?? '')
    .toLowerCase()
    .replace(/[^a-z0-9._-]/g, '-')
    .slice(0, 63);
  return /^[a-z0-9]/.test(name) && !['self', 'any'].includes(name) ? name : `role-${name}`.slice(0, 63);
}

function policyOf(system: CiSystem, answers: Answers, audience: string): string {
  const { profile, deny } = system;
  const match = membersOf(system.match(answers), 6);
  const denial = deny
    ? `  # Whatever the other rules say.
  - id: nothing-unreviewed
    from: ci
    match:
${membersOf(deny, 6)}    deny: true
`
    : '';
  return `# Whose tokens are accepted, and what they are exchanged for. Try it: cambio policy test policy
version: 1
issuers:
  ci:
    url: ${yaml(system.issuer(answers))}
    audience: ${yaml(audience)}
    claims: ${profile}
roles:
  ${answers['name']}: { arn: ${yaml(answers['role'] ?? '')} }
rules:
  # Ids: a name that became free may be taken by somebody else.
  - id: deploy
    from: ci
    match:
${match}    outlive: true # the credentials may live longer than the job’s token
    grant: { role: ${answers['name']}, ttl: 1h }
${denial}`;
}

function membersOf(claims: Readonly<Record<string, unknown>>, indent: number): string {
  return Object.entries(claims)
    .map(([name, value]) => `${' '.repeat(indent)}${yaml(name)}: ${JSON.stringify(value)}\n`)
    .join('');
}

function testsOf(system: CiSystem, answers: Answers): string {
  const claims = { ...system.also(answers), ...system.match(answers) };
  const test = (name: string, changed: object, expected: string): string => `  - name: ${yaml(name)}
    issuer: ci
    claims:
${membersOf({ ...claims, ...changed }, 6)}    request: { role: ${answers['name']} }
    expect: ${expected}
`;
  const refused = '{ allow: false, error: invalid_target }';
  return `version: 1
tests:
${test('the job deploys', {}, '{ allow: true, rule: deploy }')}${Object.entries(system.others)
  .map(([name, changed]) => test(`${name} gets nothing`, changed, refused))
  .join('')}`;
}

function write(path: string, text: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { flag: 'wx' });
  } catch (cause) {
    throw new UsageError(`${path}: cannot be written (${(cause as NodeJS.ErrnoException).code ?? 'unknown'})`);
  }
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
