// The policy compiler: files in, one artifact out, or everything that is wrong with them.
import type { PolicyArtifact } from '../../shared/policy/compiled-policy.ts';
import { checkEnds } from './check/clients.ts';
import { checkNetworks } from './check/networks.ts';
import { checkRunTime } from './check/run-time.ts';
import { checkShortSessions } from './check/short-sessions.ts';
import { checkPolicy } from './check-policy.ts';
import type { CompileOptions } from './compile-options.ts';
import { ownCertificates } from './lower/clients.ts';
import { lowerIssuer } from './lower/issuers.ts';
import { lowerRole } from './lower/roles.ts';
import { lower } from './lower.ts';
import { rehearsePolicy } from './rehearse-policy.ts';
import { resolveArns } from './resolve-arns.ts';
import { resolveAuthorities } from './resolve-authorities.ts';
import { resolveUrls } from './resolve-urls.ts';
import { checkSchema } from './schema/check-schema.ts';
import type { SourcedDocument } from './schema/joined-names.ts';
import { mergeDocuments } from './schema/merge.ts';
import { type Diagnostic, hasErrors } from './source/diagnostic.ts';
import { type PolicyFile, parseSource } from './source/parse-source.ts';
import { readBeside, readPolicy } from './source/read-policy.ts';

export interface CompiledFiles {
  /** Only there without errors and with every issuer's URL and role's ARN known or a hole. */
  readonly artifact?: PolicyArtifact;
  /** What POLICY_VALUES has to carry: hole name, such as `issuers.eks.url`, to its (token) value. */
  readonly values: Readonly<Record<string, string>>;
  /** PEM of the certificates that clients sign themselves: a trust store needs them, functions do not. */
  readonly certificates?: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Compiles the policy file or folder at a path. Reads files; never throws for what is in them. */
export function compilePolicy(path: string, options: CompileOptions = {}): CompiledFiles {
  const { files, diagnostics } = readPolicy(path);
  if (files.length === 0) return { values: {}, diagnostics };
  const compiled = compilePolicyFiles(files, { readBeside, ...options });
  if (!hasErrors(diagnostics)) return { ...compiled, diagnostics: [...diagnostics, ...compiled.diagnostics] };
  return { values: {}, diagnostics: [...diagnostics, ...compiled.diagnostics] };
}

/** Compiles policy files given as text, in this order. Pure; never throws for what is in them. */
export function compilePolicyFiles(files: readonly PolicyFile[], options: CompileOptions = {}): CompiledFiles {
  const read = files.map(readDocument);
  const documents = read.flatMap(({ document }) => document ?? []);
  if (documents.length < files.length) return { values: {}, diagnostics: read.flatMap((file) => file.diagnostics) };
  return compileDocuments(documents, options);
}

/**
 * Secrets and keys of clients that have ended or are about to, without compiling the rest; what keeps the files from being read.
 * @param now seconds since the epoch
 */
export function endingCredentials(path: string, now: number): readonly Diagnostic[] {
  const { files, diagnostics } = readPolicy(path);
  const read = files.map(readDocument);
  const problems = [...diagnostics, ...read.flatMap((file) => file.diagnostics)];
  if (hasErrors(problems)) return problems;
  return checkEnds(mergeDocuments(read.flatMap(({ document }) => document ?? [])), now);
}

interface ReadDocument {
  readonly document?: SourcedDocument;
  readonly diagnostics: readonly Diagnostic[];
}

function readDocument(file: PolicyFile): ReadDocument {
  const { source, diagnostics } = parseSource(file);
  if (source === undefined) return { diagnostics };
  const checked = checkSchema(source);
  if (checked.document === undefined) return { diagnostics: checked.diagnostics };
  return { document: { source, document: checked.document }, diagnostics: [] };
}

function compileDocuments(documents: readonly SourcedDocument[], options: CompileOptions): CompiledFiles {
  const policy = mergeDocuments(documents);
  const { local = false, standIns, clientStandIns } = options;
  const { urls, ...ofUrls } = resolveUrls(policy, options);
  const { arns, ...ofArns } = resolveArns(policy, options);
  const { authorities, ...ofAuthorities } = resolveAuthorities(policy, options);
  const issuers = policy.issuers.map((entry) => {
    const [url = '', ca] = [urls.get(entry.name), authorities.get(entry.name)];
    return lowerIssuer(entry, { url, ca, standIns: local ? standIns : undefined });
  });
  const roles = policy.roles.map((entry) => lowerRole(entry, arns.get(entry.name) ?? ''));
  const artifact = lower({ policy, issuers, roles, local, clientStandIns: local ? clientStandIns : undefined });
  const findings = [
    ...ofUrls.diagnostics,
    ...ofArns.diagnostics,
    ...ofAuthorities.diagnostics,
    ...checkNetworks(policy, options.vpc),
    ...checkPolicy(policy, local),
    ...checkEnds(policy, options.now ?? Math.floor(Date.now() / 1_000)),
    ...(options.runTime ? checkRunTime(policy, options.runTime) : []),
    ...rehearsePolicy(policy, artifact),
    ...(options.advice ? checkShortSessions(policy) : []),
  ];
  const diagnostics = inFileOrder(documents, findings);
  const isWhole = urls.size === policy.issuers.length && arns.size === policy.roles.length;
  if (hasErrors(diagnostics) || !isWhole) return { values: {}, diagnostics };
  const certificates = policy.clients.flatMap(({ value }) => ownCertificates(value));
  return { artifact, values: { ...ofUrls.values, ...ofArns.values }, certificates, diagnostics };
}

function inFileOrder(documents: readonly SourcedDocument[], diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const files = documents.map(({ source }) => source.file);
  return diagnostics.toSorted(
    (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column,
  );
}
