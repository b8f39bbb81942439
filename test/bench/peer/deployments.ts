// The functions that are measured, as files: the product's as its stack is synthesized, and what they are compared with, bundled
// alike. Writes to a temporary folder.
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, buildSync } from 'esbuild';
import { compilePolicyFiles } from '../../../infra/policy/compile-policy.ts';
import { formatDiagnostic } from '../../../infra/policy/source/diagnostic.ts';
import { synthesize } from '../../../infra/synthesize.ts';
import type { AllowRule, PolicyArtifact } from '../../../shared/policy/compiled-policy.ts';
import { policyRule, policyText, type Variant, type World } from './world.ts';

export interface DeployedFunction {
  readonly directory: string;
  /** What the template says outright; names of resources are the bench's own. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Functions by the last word of their name in the template: `Token`, `Introspect`. */
export type Deployment = (name: string) => DeployedFunction;

export interface Deployments {
  readonly folder: string;
  readonly worldFile: string;
  /** The stack of a policy. */
  readonly deployed: (variant: Variant) => Deployment;
  /** Functions that are compared with: `floor-function.mjs`, `sdk-function.mjs`, `in-process.ts`; the file of each. */
  readonly bundled: (script: string) => string;
  readonly remove: () => void;
}

export function openDeployments(world: World): Deployments {
  const folder = mkdtempSync(join(tmpdir(), 'cambio-peer-'));
  const worldFile = join(folder, 'world.json');
  writeFileSync(worldFile, JSON.stringify(world));
  const known = new Map<Variant, Deployment>();
  return {
    folder,
    worldFile,
    deployed: (variant) => {
      const deployment = known.get(variant) ?? synthesized(join(folder, variant.replaceAll(' ', '-')), world, variant);
      known.set(variant, deployment);
      return deployment;
    },
    bundled: (script) => bundle(folder, script, world),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function synthesized(outdir: string, world: World, variant: Variant): Deployment {
  const policy = compiled(world, variant);
  mkdirSync(outdir);
  const { template, assets } = synthesize({ policy, outdir });
  const resources = Object.entries(template['Resources'] as Readonly<Record<string, Resource>>);
  return (name) => {
    const pattern = new RegExp(`${name}Function[0-9A-F]{8}$`);
    const [, found] = resources.find(([id, { Type }]) => Type === 'AWS::Lambda::Function' && pattern.test(id)) ?? [];
    const directory = assets.get(found?.Properties?.Code?.S3Key ?? '');
    if (directory === undefined) throw new Error(`the template has no function ${name}`);
    const variables = Object.entries(found?.Properties?.Environment?.Variables ?? {});
    const environment = Object.fromEntries(
      variables.flatMap(([key, value]) => (typeof value === 'string' ? [[key, value]] : [])),
    );
    return { directory, environment };
  };
}

interface Resource {
  readonly Type: string;
  readonly Properties?: {
    readonly Code?: { readonly S3Key?: string };
    readonly Environment?: { readonly Variables?: Readonly<Record<string, unknown>> };
  };
}

function compiled(world: World, variant: Variant) {
  const files = [{ path: 'bench.yaml', text: policyText(world, variant) }];
  const { artifact, values, diagnostics } = compilePolicyFiles(files);
  if (!artifact) throw new Error(diagnostics.map(formatDiagnostic).join('\n'));
  return { artifact, values };
}

const options = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  mainFields: ['module', 'main'],
  minify: true,
  legalComments: 'none',
  logLevel: 'error',
  define: { 'process.env.NODE_ENV': '"production"' },
  external: ['./cel.ts'],
  banner: {
    js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
  },
} as const satisfies BuildOptions;

/** As infra/function-code.ts does it, with the policy beside it. */
function bundle(folder: string, script: string, world: World): string {
  const outdir = join(folder, script.replace(/\.\w+$/, ''));
  const outfile = join(outdir, 'index.mjs');
  buildSync({ ...options, entryPoints: [fileURLToPath(new URL(script, import.meta.url))], outfile });
  writeFileSync(join(outdir, 'policy.json'), JSON.stringify(compiled(world, 'demonstration').artifact));
  return outfile;
}

/**
 * A copy of a function with more rules than its policy has: for other targets, or before the one that grants and for its target,
 * each with another literal. Made of the compiled policy, for what is measured is the decision and not the compiler.
 */
export function withRules(
  { directory, environment }: DeployedFunction,
  extra: { readonly count: number; readonly sameTarget: boolean },
): DeployedFunction {
  const copy = `${directory}-${extra.sameTarget ? 'same' : 'other'}-${extra.count}`;
  cpSync(directory, copy, { recursive: true });
  const file = join(copy, 'policy.json');
  const artifact = JSON.parse(readFileSync(file, 'utf8')) as PolicyArtifact;
  const granting = artifact.rules.find((rule): rule is AllowRule => rule.id === policyRule);
  if (!granting) throw new Error('the policy has not the rule of the bench');
  const others = artifact.rules.filter((rule) => rule !== granting);
  const audience = artifact.audiences[granting.grant.audience];
  const rules = Array.from({ length: extra.count }, (_, n): AllowRule => {
    if (!extra.sameTarget) return { ...granting, id: `rule-${n}`, grant: { ...granting.grant, audience: `api-${n}` } };
    const match = granting.match.map((one) =>
      one.path === 'repository_id' ? { ...one, anyOf: [{ equals: String(1_000_000 + n) }] } : one,
    );
    return { ...granting, id: `rule-${n}`, match };
  });
  const audiences = Object.fromEntries(
    rules.map(({ grant }) => [
      grant.audience,
      { ...audience, name: grant.audience, resource: resourceOf(grant.audience) },
    ]),
  );
  const hash = createHash('sha256').update(copy).digest('hex');
  const more = { ...artifact, hash, rules: [...others, ...rules, granting] };
  const all = extra.sameTarget ? artifact.audiences : { ...artifact.audiences, ...audiences };
  writeFileSync(file, JSON.stringify({ ...more, audiences: all }));
  return { directory: copy, environment };
}

const resourceOf = (audience: string): string => `https://${audience}.acme.example`;
