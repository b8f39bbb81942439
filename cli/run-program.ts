// Another program run to its end for what it prints. Runs it.
import type { RunProgram } from './machine.ts';

const timeout = 30_000;

export const runProgram: RunProgram = (program, args) => {
  const { spawn } = process.getBuiltinModule('node:child_process');
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    // Not spawn's own time-out: where there is no such program, that one keeps this process for all its time.
    const timer = setTimeout(() => child.kill(), timeout);
    const end = (ran: Awaited<ReturnType<RunProgram>>): void => {
      clearTimeout(timer);
      resolve(ran);
    };
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', () => end(undefined));
    child.on('close', (code) => end({ exit: code ?? 1, stdout: Buffer.concat(chunks).toString('utf8') }));
  });
};
