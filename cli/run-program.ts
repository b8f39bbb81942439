// Another program run to its end for what it prints. Runs it.
import type { RunProgram } from './surroundings.ts';

const timeout = 30_000;

export const runProgram: RunProgram = (program, args) => {
  const { spawn } = process.getBuiltinModule('node:child_process');
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], timeout });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', () => resolve(undefined));
    child.on('close', (code) => resolve({ exit: code ?? 1, stdout: Buffer.concat(chunks).toString('utf8') }));
  });
};
