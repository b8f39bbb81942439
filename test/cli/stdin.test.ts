// What is piped into a process: by a shell, by a program that starts others, or nothing.
import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const script = `import { readStdin } from ${JSON.stringify(import.meta.resolve('../../cli/stdin.ts'))};
  console.log(JSON.stringify(await readStdin(Number(process.argv[1])).catch(({ name, message }) => [name, message]) ?? null));`;
const node = [process.execPath, '--input-type=module', '-e', script];

/** Runs a line of sh in which `"$@"` reads stdin, with so many milliseconds for a pipe. */
async function inShell(line: string, pipeWait = 30_000): Promise<unknown> {
  const { stdout } = await promisify(execFile)('sh', ['-c', line, 'sh', ...node, String(pipeWait)]);
  return JSON.parse(stdout);
}

test.each<[string, string, unknown]>([
  ['what a shell pipes in, however late', '(sleep 1; echo token) | "$@"', 'token\n'],
  ['a file', 'file=$(mktemp); printf token > "$file"; "$@" < "$file"; rm "$file"', 'token'],
  ['an empty pipe', ': | "$@"', ''],
  ['/dev/null', '"$@" < /dev/null', null],
  ['a closed stdin', '"$@" <&-', null],
])('%s', async (_what, line, expected) => {
  expect(await inShell(line)).toEqual(expected);
});

test('a pipe that nobody writes to or closes is an error, and no reason to wait for ever or to take another token', async () => {
  const held = 'mkfifo "$HOME/pipe"; exec 3<>"$HOME/pipe"; "$@" < "$HOME/pipe"';
  expect(await inShell(`HOME=$(mktemp -d); ${held}`, 50)).toEqual([
    'UsageError',
    expect.stringMatching(/^nothing came through stdin for 0.05 s: name the token/),
  ]);
});

test('a socket that a program which starts others leaves open is nothing', async () => {
  const [program = '', ...args] = node;
  const child = spawn(program, [...args, '30000'], { stdio: ['pipe', 'pipe', 'inherit'] });
  let stdout = '';
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) stdout += chunk.toString();
  child.stdin.destroy();
  expect(JSON.parse(stdout)).toBeNull();
});
