// Synthesis in process, for the local stack and the tests: the same template and bundles that `cdk synth` makes. Writes to outdir.
import { mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { App } from 'aws-cdk-lib';
import type { AwsClients } from '../shared/config.ts';
import type { GivenMutualTls } from './app-context.ts';
import { keepingBundles } from './bundle.ts';
import { CambioStack } from './cambio-stack.ts';
import type { SigningMode } from './keys/signing-keys.ts';
import type { Canary } from './probe/canary.ts';
import type { CompiledPolicyInput } from './resolve-policy.ts';

const stackName = 'Cambio';

export interface SynthesizeOptions {
  readonly policy: CompiledPolicyInput;
  /** As the construct's property. */
  readonly awsClients?: AwsClients | undefined;
  /** As the construct's property. */
  readonly canary?: Canary | undefined;
  /** As the app's context has it. */
  readonly mtls?: GivenMutualTls | undefined;
  /** As the construct's property. */
  readonly signing?: SigningMode | undefined;
  /** Where the cloud assembly goes. */
  readonly outdir: string;
}

export interface Synthesized {
  readonly template: Readonly<Record<string, unknown>>;
  /** S3 key of each function's code as the template names it (`<hash>.zip`) to the absolute folder it is made of. */
  readonly assets: ReadonlyMap<string, string>;
}

/** Synthesizes the stack for a compiled policy. The caller owns `outdir`. */
export function synthesize({ outdir, ...given }: SynthesizeOptions): Synthesized {
  const app = new App({
    outdir,
    ...forTheTemplate,
    context: { ...cdkContext(), ...forTheTemplate.context },
  });
  const bundles = join(outdir, 'bundles');
  mkdirSync(bundles, { recursive: true });
  keepingBundles(bundles, () => new CambioStack(app, stackName, { ...given, demonstration: false }));
  const assembly = app.synth();
  const template: Readonly<Record<string, unknown>> = assembly.getStackByName(stackName).template;
  return { template, assets: fileAssets(assembly.directory) };
}

/** Props of an app whose template is all that anybody reads: the rest would be the longest part of it. */
export const forTheTemplate = {
  context: {
    // Nobody uploads the functions' folders.
    'aws:cdk:disable-asset-staging': true,
    // Nobody is told which line made a resource.
    'aws:cdk:disable-creation-stack-traces': true,
    'aws:cdk:disable-logicalId-metadata': true,
  },
  analyticsReporting: false,
  treeMetadata: false,
  stackTraces: false,
  builtinCloudFormationValidation: false,
} as const;

/** The feature flags of cdk.json, which the CLI hands to the app it runs. */
export function cdkContext(): Record<string, unknown> {
  const { context } = readJson<{ context: Record<string, unknown> }>(join(import.meta.dirname, '..', 'cdk.json'));
  return context;
}

interface AssetManifest {
  readonly files: Readonly<Record<string, FileAsset>>;
}

interface FileAsset {
  readonly source: { readonly path: string; readonly packaging: string };
  readonly destinations: Readonly<Record<string, { readonly objectKey: string }>>;
}

function fileAssets(directory: string): ReadonlyMap<string, string> {
  const { files } = readJson<AssetManifest>(join(directory, `${stackName}.assets.json`));
  const folders = Object.values(files).filter(({ source }) => source.packaging === 'zip');
  return new Map(
    folders.flatMap(({ source, destinations }) =>
      Object.values(destinations).map(({ objectKey }) => [objectKey, resolve(directory, source.path)]),
    ),
  );
}

function readJson<Json>(path: string): Json {
  return JSON.parse(readFileSync(path, 'utf8')) as Json;
}
