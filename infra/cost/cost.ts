// `npm run cost`: what so many exchanges a month cost, and how many a second the default quotas let through. Synthesizes a template.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { SigningAlgorithm } from '../../shared/policy/compiled-policy.ts';
import type { SigningMode } from '../keys/signing-keys.ts';
import { compilePolicy } from '../policy/compile-policy.ts';
import { formatDiagnostic } from '../policy/source/diagnostic.ts';
import { synthesize } from '../synthesize.ts';
import { billOf, ceilingsOf, type Standing } from './bill.ts';
import { readOn, region } from './prices.ts';
import { standingOf } from './standing.ts';
import { assumed, exchange } from './work.ts';

const usage =
  'usage: npm run cost -- --exchanges N [--mode kms|envelope] [--alg ES256|RS256|PS256|ES384|Ed25519] [--policy PATH]';
const modes: readonly string[] = ['kms', 'envelope'] satisfies readonly SigningMode[];
const algorithms: readonly string[] = [
  'ES256',
  'RS256',
  'PS256',
  'ES384',
  'Ed25519',
] satisfies readonly SigningAlgorithm[];

interface Asked {
  readonly exchanges: number;
  readonly mode: SigningMode;
  readonly alg: SigningAlgorithm;
  readonly policy: string;
}

function asked(): Asked {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ options: { exchanges: text, mode: text, alg: text, policy: text } });
  const { mode = 'kms', alg = 'ES256', policy = join(import.meta.dirname, '../policy') } = values;
  const exchanges = Number(values.exchanges);
  if (!/^\d+$/.test(values.exchanges ?? '')) throw new Error('--exchanges takes a whole number: of a month');
  if (!modes.includes(mode)) throw new Error('--mode is kms or envelope');
  if (!algorithms.includes(alg)) throw new Error(`--alg is one of ${algorithms.join(', ')}`);
  return { exchanges, policy, mode: mode as SigningMode, alg: alg as SigningAlgorithm };
}

function standingFor({ policy: path, mode: signing }: Asked): Standing {
  // As the local stack compiles it: what a deployment is warned of is not asked here.
  const { artifact, values, diagnostics } = compilePolicy(path, { local: true });
  if (!artifact) throw new Error(diagnostics.map(formatDiagnostic).join('\n'));
  const outdir = mkdtempSync(join(tmpdir(), 'cambio-cost-'));
  try {
    const { template } = synthesize({ policy: { artifact, values }, signing, outdir });
    return standingOf(template as unknown as Parameters<typeof standingOf>[0]);
  } finally {
    rmSync(outdir, { recursive: true });
  }
}

const money = (dollars: number): string =>
  dollars.toLocaleString('en-US', { style: 'currency', currency: 'USD', maximumFractionDigits: 2 });
const whole = (count: number): string => count.toLocaleString('en-US');

function report(asked: Asked): string {
  const { exchanges, mode, alg } = asked;
  const lines = billOf({ exchanges, mode, alg, standing: standingFor(asked) });
  const total = lines.reduce((sum, { dollars }) => sum + dollars, 0);
  const ceilings = ceilingsOf({ mode, alg });
  const row = (name: string, value: string, what: string): string =>
    `  ${name.padEnd(12)}${value.padStart(16)}  ${what}`;
  return [
    `${whole(exchanges)} exchanges a month, mode ${mode}, ${region}, list prices of ${readOn}:`,
    ...lines.map(({ service, what, dollars }) => row(service, money(dollars), what)),
    row('in all', money(total), exchanges > 0 ? `${money((total / exchanges) * 1e6)} a million` : ''),
    '',
    `Exchanges a second by default quotas, the lowest first (${whole(Math.ceil(exchanges / 2_592_000))} a second is the average of these):`,
    ...ceilings.map(({ service, what, most }) => row(service, whole(most), what)),
    '',
    `Counted: ${exchange.keysRead} keys read, ${exchange.writeUnits} units written, ${exchange.logBytes} bytes of log, ${exchange.seconds * 1_000} ms.`,
    `Assumed: ${whole(assumed.exchangesPerEnvironment)} exchanges for each execution environment, ${assumed.changesPerBatch} changes a batch of the trail.`,
    'Not in it: CloudFront, NAT and VPC endpoints, WAF, traffic out, what the account uses besides. docs/scale.md plans by it.',
  ].join('\n');
}

try {
  process.stdout.write(`${report(asked())}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
  process.exitCode = 2;
}
