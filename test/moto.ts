// moto, AWS's services as Python has them, as a server. Starts a process.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { listen } from '../infra/local/protocol/listen.ts';
import { installed } from './installed.ts';
import { askTheRun, motoPath } from './once/ask-the-run.ts';

const program = 'moto_server';

export interface RunningMoto {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** Says on stderr which tests do not run without it. */
export const hasMoto = (tests: string): boolean => installed(program, tests);

/** Where nothing is yet, but what S3 has for all Regions. */
export interface RegionOfMoto extends RunningMoto {
  readonly region: string;
}

/** Of the moto of the run, which takes more than a second of CPU to start; outside of a run, of one of one's own. */
export async function startRegionOfMoto(): Promise<RegionOfMoto> {
  const region = `test-${randomUUID()}`;
  if (process.env['TEST_RUN_FOLDER'] === undefined) return { ...(await startMoto()), region };
  return { url: await askTheRun<string>(motoPath), region, close: async () => {} };
}

/** On a free port of loopback, with nothing in it. */
export async function startMoto(): Promise<RunningMoto> {
  const server = createServer();
  const { port } = await listen(server, 0);
  await new Promise((resolve) => server.close(resolve));
  const env = { ...process.env, MOTO_ALLOW_NONEXISTENT_REGION: 'true' };
  const child = spawn(program, ['-H', '127.0.0.1', '-p', String(port)], { env, stdio: 'ignore', detached: true });
  process.once('exit', () => killGroup(child));
  const url = `http://127.0.0.1:${port}`;
  await answering(`${url}/moto-api/`, child);
  return { url, close: () => endGroup(child) };
}

async function answering(url: string, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 400 && child.exitCode === null; attempt += 1) {
    if (
      await fetch(url).then(
        (response) => response.ok,
        () => false,
      )
    )
      return;
    await delay(50);
  }
  await endGroup(child);
  throw new Error('moto_server did not start');
}

async function endGroup(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  if (killGroup(child)) await ended;
}

/** The command may be a wrapper, so its whole group ends. False when it had ended. */
function killGroup({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid !== undefined && exitCode === null && signalCode === null && process.kill(-pid, 'SIGKILL');
}
