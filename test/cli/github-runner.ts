// The part of GitHub's runner that an action meets: inputs, command files, workflow commands, the post step.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { compiledOnce } from '../compiled-once.ts';

interface ActionFile {
  readonly inputs: Readonly<Record<string, { readonly required?: boolean; readonly default?: string }>>;
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly runs: { readonly using: string; readonly main: string; readonly post?: string };
}

export interface Step {
  readonly exit: number;
  /** As the log shows it: masked values are `***`, commands are gone. */
  readonly log: string;
  readonly stderr: string;
  /** What later lines, of other steps too, show as `***`. */
  readonly masked: readonly string[];
  /** Markdown. */
  readonly summary: string;
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
  readonly outputs: Readonly<Record<string, string>>;
  /** What later steps have in their environment. */
  readonly variables: Readonly<Record<string, string>>;
}

export interface RunningJob {
  readonly main: Step;
  readonly post: () => Promise<Step>;
}

/** Runs the action of a folder in a job with these inputs and variables; GITHUB_WORKSPACE is where it runs. */
export async function runAction(
  action: string,
  inputs: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string>>,
): Promise<RunningJob> {
  const { runs, inputs: declared } = parse(readFileSync(join(action, 'action.yml'), 'utf8')) as ActionFile;
  const unknown = Object.keys(inputs).filter((name) => !Object.hasOwn(declared, name));
  if (unknown.length > 0 || !runs.using.startsWith('node')) throw new Error(`not as declared: ${unknown}`);
  const given = Object.keys(declared).map((name) => [
    `INPUT_${name.toUpperCase()}`,
    inputs[name] ?? declared[name]?.default ?? '',
  ]);
  const job = { ...environment, ...Object.fromEntries(given) };
  const ran = await runScript(join(action, runs.main), job);
  const state = Object.fromEntries(Object.entries(ran.state).map(([name, value]) => [`STATE_${name}`, value]));
  return {
    main: ran.step,
    post: async () => {
      if (runs.post === undefined) throw new Error('the action has no post step');
      return (await runScript(join(action, runs.post), { ...job, ...state })).step;
    },
  };
}

const files = ['GITHUB_ENV', 'GITHUB_OUTPUT', 'GITHUB_STATE', 'GITHUB_STEP_SUMMARY'] as const;

async function runScript(script: string, environment: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), 'cambio-runner-'));
  const paths = Object.fromEntries(files.map((name) => [name, join(folder, name)]));
  for (const path of Object.values(paths)) writeFileSync(path, '');
  const ran = await new Promise<{ exit: number; stdout: string; stderr: string }>((resolve) => {
    const options = { env: { ...compiledOnce, ...environment, ...paths }, cwd: environment['GITHUB_WORKSPACE'] };
    execFile(process.execPath, [script], options, (error, stdout, stderr) =>
      resolve({ exit: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
  const [env = '', output = '', saved = '', summary = ''] = files.map((name) =>
    readFileSync(join(folder, name), 'utf8'),
  );
  const [variables, outputs, state] = [env, output, saved].map(readCommandFile);
  rmSync(folder, { recursive: true });
  const { log, masked, errors, warnings } = readLog(ran.stdout);
  const step: Step = {
    exit: ran.exit,
    stderr: ran.stderr,
    log,
    summary,
    masked,
    errors,
    warnings,
    outputs: outputs ?? {},
    variables: variables ?? {},
  };
  return { step, state: state ?? {} };
}

function readLog(stdout: string) {
  const masks: string[] = [];
  const [log, errors, warnings]: [string[], string[], string[]] = [[], [], []];
  let resumes: string | undefined;
  for (const line of stdout.split('\n')) {
    const [, token] = /^::stop-commands::(.+)$/.exec(line) ?? [];
    if (resumes === undefined && token !== undefined) resumes = `::${token}::`;
    else if (resumes === line) resumes = undefined;
    if (resumes !== undefined) {
      log.push(line);
      continue;
    }
    const [, command, message = ''] = /^::(add-mask|error|warning)(?: [^:]*)?::(.*)$/.exec(line) ?? [];
    if (command === 'add-mask') masks.push(message);
    else if (command === 'error') errors.push(message);
    else if (command === 'warning') warnings.push(message);
    else log.push(masks.reduce((text, mask) => text.replaceAll(mask, '***'), line));
  }
  return { log: log.join('\n'), masked: masks, errors, warnings };
}

/** `NAME=value` and `NAME<<delimiter`. */
export function readCommandFile(text: string): Record<string, string> {
  const lines = text.split('\n');
  const values: Record<string, string> = {};
  while (lines.length > 0) {
    const line = lines.shift() ?? '';
    const [, name, delimiter] = /^([^=]+?)<<(.+)$/.exec(line) ?? [];
    const [, plain, value = ''] = /^([^=]+)=(.*)$/.exec(line) ?? [];
    if (name !== undefined && delimiter !== undefined) {
      const end = lines.indexOf(delimiter);
      if (end < 0) throw new Error(`${name} does not end`);
      values[name] = lines
        .splice(0, end + 1)
        .slice(0, -1)
        .join('\n');
    } else if (plain !== undefined) values[plain] = value;
    else if (line !== '') throw new Error(`not a line of a command file: ${line}`);
  }
  return values;
}
