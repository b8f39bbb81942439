// Rows 9, 9b, and the check of a large policy: what grows with records and rules.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { stringify } from 'yaml';
import type { Bench } from './bench.ts';
import { withRules } from './deployments.ts';
import { measureRounds, ratio } from './rounds.ts';
import type { Row } from './rows.ts';

const [few, many] = [1_000, 1_000_000];
const root = join(import.meta.dirname, '..', '..', '..');

/** Rows 9 and 9b: CPU of an exchange. */
export async function scaleRows(bench: Bench): Promise<readonly Row[]> {
  const { driver, deployments, serveFunction, made } = bench;
  const deployed = deployments.deployed('demonstration')('Token');
  const requests = made.exchanges;
  const served = async (count: number, sameTarget: boolean) => ({
    name: `${count} ${sameTarget ? 'of the target' : 'of others'}`,
    server: await serveFunction(withRules(deployed, { count, sameTarget })),
    requests,
  });
  const server = await serveFunction(deployed);
  const rounds = { count: bench.rounds, seconds: bench.seconds, connections: 16 };
  const records = await measureRounds(
    driver,
    [few, many].map((count) => ({ name: String(count), server, requests, before: () => driver.fill(count) })),
    { ...rounds, count: Math.min(rounds.count, 5) },
  );
  await driver.fill(0);
  const others = [await served(10, false), await served(10_000, false)];
  const same = [await served(0, true), await served(999, true), await served(9_999, true)];
  const rules = await measureRounds(driver, [...others, ...same], rounds);
  const over = (name: string, under: string) => ratio(rules, 'cpu', name, under);
  return [
    {
      id: '9',
      what: 'CPU at 10⁶ ÷ 10³ revocations in the table',
      value: ratio(records, 'cpu', String(many), String(few)),
      aim: { most: 1.05 },
    },
    {
      id: '9 rules',
      what: 'CPU with 10,000 ÷ 10 rules for other targets',
      value: over('10000 of others', '10 of others'),
      aim: { most: 1.05 },
    },
    {
      id: '9b',
      what: 'CPU with 1,000 rules of one target ÷ one',
      value: over('999 of the target', '0 of the target'),
      aim: { most: 1.1 },
    },
    {
      id: '9b 10,000',
      what: 'the same, 10,000 ÷ one',
      value: over('9999 of the target', '0 of the target'),
      aim: { most: 1.3 },
    },
  ];
}

/** `cambio policy check` of 10,000 rules for one target, in seconds. */
export async function checkRows({ deployments, quick }: Bench): Promise<readonly Row[]> {
  const count = quick ? 300 : 10_000;
  const file = join(deployments.folder, 'large.yaml');
  writeFileSync(file, stringify(largePolicy(count)));
  const seconds = await checked(file, 60_000);
  return [
    {
      id: 'check',
      what: `policy check of ${count.toLocaleString('en-US')} rules of one target`,
      value: seconds,
      aim: { most: 5 },
      unit: 's',
      ...(seconds === undefined && { note: 'given up after 60 s' }),
    },
  ];
}

function largePolicy(count: number) {
  const rule = (n: number) => ({
    id: `rule-${n}`,
    from: 'github',
    match: { repository_owner_id: '1', repository_id: String(1_000_000 + n), ref: 'refs/heads/main' },
    grant: { audience: 'orders-api', scopes: ['orders:read'] },
  });
  const github = {
    url: 'https://token.actions.githubusercontent.com',
    audience: 'https://sts.acme.example',
    claims: 'github-actions',
  };
  return {
    version: 1,
    issuers: { github },
    audiences: { 'orders-api': { resource: 'https://orders.acme.example', scopes: ['orders:read'] } },
    rules: Array.from({ length: count }, (_, n) => rule(n)),
  };
}

/** Undefined when it takes longer than it may. @throws Error when the policy does not compile */
function checked(file: string, limit: number): Promise<number | undefined> {
  const started = performance.now();
  const child = spawn(process.execPath, ['cli/cambio.mjs', 'policy', 'check', file], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: limit,
    killSignal: 'SIGKILL',
  });
  let words = '';
  child.stderr.on('data', (part) => {
    words += part;
  });
  return new Promise((resolve, reject) => {
    child.once('close', (code, signal) => {
      if (signal !== null) resolve(undefined);
      else if (code === 0) resolve((performance.now() - started) / 1_000);
      else reject(new Error(words.slice(0, 1_000)));
    });
  });
}
