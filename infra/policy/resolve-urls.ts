// Each issuer's URL, from the policy or from TypeScript; what CDK knows only at deploy becomes a hole. Pure.
import type { ValueHole } from '../../shared/policy/compiled-policy.ts';
import { checkIssuerUrls } from './check/issuer-urls.ts';
import type { CompileOptions } from './compile-options.ts';
import { urlProblem } from './schema/https-url.ts';
import type { Entry, MergedPolicy } from './schema/merge.ts';
import type { IssuerEntry } from './schema/schema.ts';
import { type Diagnostic, quote } from './source/diagnostic.ts';
import { didYouMean } from './source/did-you-mean.ts';
import { below, errorAt, keyOf, type Place, warningAt } from './source/place.ts';

export interface ResolvedUrls {
  /** By issuer name. */
  readonly urls: ReadonlyMap<string, string | ValueHole>;
  /** What POLICY_VALUES has to carry, by name of the hole. */
  readonly values: Readonly<Record<string, string>>;
  readonly diagnostics: readonly Diagnostic[];
}

interface ResolvedUrl {
  readonly url?: string | ValueHole;
  readonly value?: string;
  readonly finding?: Diagnostic;
}

export function resolveUrls(policy: MergedPolicy, options: CompileOptions): ResolvedUrls {
  const resolved = policy.issuers.map((entry) => ({ name: entry.name, ...resolveUrl(entry, options) }));
  return {
    urls: new Map(resolved.flatMap(({ name, url }) => (url === undefined ? [] : [[name, url]]))),
    values: Object.fromEntries(
      resolved.flatMap(({ name, value }) => (value === undefined ? [] : [[holeName(name), value]])),
    ),
    diagnostics: [
      ...resolved.flatMap(({ finding }) => finding ?? []),
      ...danglingUrls(policy, options),
      ...checkIssuerUrls(policy, new Map(resolved.flatMap(urlText))),
    ],
  };
}

function urlText({ name, url, value }: ResolvedUrl & { readonly name: string }): [string, string][] {
  const text = typeof url === 'string' ? url : value;
  return text === undefined ? [] : [[name, text]];
}

function resolveUrl({ name, value, place }: Entry<IssuerEntry>, options: CompileOptions): ResolvedUrl {
  const { issuerUrls = {}, isUnresolved = () => false, local = false } = options;
  const given = Object.hasOwn(issuerUrls, name) ? issuerUrls[name] : undefined;
  const at = below(place, 'url');
  if (value.url !== undefined && given !== undefined) {
    return { finding: errorAt(keyOf(at), `the url of issuer ${quote(name)} comes from TypeScript too`, 'keep one') };
  }
  const url = value.url ?? given;
  if (url === undefined) {
    const finding = noUrl(keyOf(place), name, options);
    return options.urlsComeLater ? { url: { $value: holeName(name) }, finding } : { finding };
  }
  if (given !== undefined && isUnresolved(given)) return { url: { $value: holeName(name) }, value: given };
  const problem = urlProblem(url, local);
  return problem === undefined ? { url } : { finding: errorAt(at, `the issuer url ${quote(url)} ${problem}`, hint) };
}

const hint = 'write the exact `iss` of the tokens: https://host or https://host/path';

function noUrl(place: Place, name: string, { urlsComeLater = false, local = false }: CompileOptions): Diagnostic {
  const message = `issuer ${quote(name)} has no url: it must come from TypeScript`;
  const report = urlsComeLater ? warningAt : errorAt;
  const given = local ? `--value ${name}=URL to npm start` : `issuers: { ${quote(name)}: { url } } to the construct`;
  return report(place, message, `add "url:", or give ${given}`);
}

function danglingUrls({ issuers, files }: MergedPolicy, { issuerUrls = {} }: CompileOptions): Diagnostic[] {
  const names = issuers.map(({ name }) => name);
  const [file] = files;
  if (file === undefined) return [];
  return Object.keys(issuerUrls)
    .filter((name) => !names.includes(name))
    .map((name) =>
      errorAt(file, `TypeScript gives a url for ${quote(name)}, which is no issuer`, didYouMean(name, names)),
    );
}

function holeName(issuer: string): string {
  return `issuers.${issuer}.url`;
}
