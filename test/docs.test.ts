// What documents and comments name is there: source files, pages, and the headings that links lead to.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { compilePolicyFiles } from '../infra/policy/compile-policy.ts';

const root = join(import.meta.dirname, '..');
const textOf = (file: string): string => readFileSync(join(root, file), 'utf8');
const pages = globSync(['*.md', 'docs/**/*.md', 'infra/**/*.md', 'cli/**/*.md', 'examples/**/*.md'], { cwd: root });
const sources = globSync('{infra,functions,shared,cli,examples,test}/**/*.{ts,mjs,cjs,yaml,yml}', {
  cwd: root,
  exclude: (name) => /(?:^|\/)node_modules$/.test(name),
});

/** A file of ours: a path from the root, or the end of one. Names in capitals stand for any name. */
const mention = /(?<![\w@/.*}-])(?:[\w.-]+\/)*[\w.-]+\.(?:ts|mjs|md)\b(?![\w-])/g;
/** Made by a build or by the reader, not by us. */
const made = new Set(['dist/cambio.mjs', 'work/invoke.mjs']);
/** A chunk of the functions' code has the name of the source that it is made of. */
const sourceOfChunk = (path: string): string => path.replace(/^chunks\/([\w-]+)\.mjs$/, '$1.ts');

function isThere(path: string): boolean {
  if (/[A-Z]{2}/.test(path.replace(/\b(?:README|CONTRIBUTING|SECURITY|CHANGELOG)\.md/, ''))) return true;
  if (made.has(path) || existsSync(join(root, path))) return true;
  return [...sources, ...pages].some((file) => file.endsWith(`/${sourceOfChunk(path)}`));
}

function missingIn(text: string): readonly string[] {
  const named = text.replace(/https?:\/\/\S+|(?<![\w/])(?:\.\.?\/)+/g, '').match(mention) ?? [];
  return named.filter((path) => !isThere(path));
}

/** Whole lines of comment, and what comes after code. */
function commentsOf(file: string): string {
  const comments = textOf(file).match(/(?:^\s*(?:\/\/|\/?\*)|\s\/\/\s).*$/gm) ?? [];
  return comments.join('\n');
}

test('a file that a page names is there, and one that is not is found', () => {
  expect(missingIn('`shared/oauth/exchange.ts`, `exchange.ts`, `shared/oauth/gone.ts`, `NAME.ts`')).toEqual([
    'shared/oauth/gone.ts',
  ]);
  expect(missingIn('chunks/cel.mjs, chunks/gone.mjs')).toEqual(['chunks/gone.mjs']);
  expect(pages.length).toBeGreaterThan(20);
  const missing = pages.flatMap((page) => missingIn(textOf(page)).map((path) => `${page}: ${path}`));
  expect(missing).toEqual([]);
});

test('a file that a comment names is there', () => {
  const files = sources.filter((file) => /\.(?:ts|mjs)$/.test(file));
  expect(files.length).toBeGreaterThan(400);
  const missing = files.flatMap((file) => missingIn(commentsOf(file)).map((path) => `${file}: ${path}`));
  expect(missing).toEqual([]);
});

/** The anchor a code host makes of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

function isLinked(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : normalize(join(dirname(page), path));
  if (!existsSync(join(root, target))) return false;
  if (anchor === undefined) return true;
  const headings = textOf(target).match(/^#+ .*$/gm) ?? [];
  return headings.some((heading) => anchorOf(heading.replace(/^#+ /, '')) === anchor);
}

test('a link of a page leads to a file, and to a heading that is there', () => {
  expect(isLinked('README.md', 'docs/policy.md#roles')).toBe(true);
  expect(isLinked('README.md', 'docs/policy.md#no-such-heading')).toBe(false);
  const broken = pages.flatMap((page) =>
    [...textOf(page).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)]
      .map(([, link = '']) => link)
      .filter((link) => !isLinked(page, link))
      .map((link) => `${page}: ${link}`),
  );
  expect(broken).toEqual([]);
});

/** The files a file loads, itself among them: imports of types are none of a request's business. */
function loadedBy(file: string, known = new Set<string>()): ReadonlySet<string> {
  if (known.has(file)) return known;
  known.add(file);
  for (const [, what = '', path = ''] of textOf(file).matchAll(/^(?:import|export) ([^'";]*?)from '(\.[^']+)';$/gms)) {
    const names = what.replace(/[{}]/g, '').split(',');
    const isType = /^type\s/.test(what) || names.every((name) => /^\s*(?:type\s.*)?$/.test(name));
    if (!isType) loadedBy(join(dirname(file), path), known);
  }
  return known;
}

test('docs/architecture.md names every file of an exchange', () => {
  const walk = textOf('docs/architecture.md');
  const files = [...loadedBy('functions/token.ts')];
  expect(files).toContain('shared/oauth/exchange.ts');
  expect(files.length).toBeGreaterThan(80);
  const unnamed = (text: string) => files.filter((file) => !text.includes(`\`${file}\``));
  expect(unnamed(walk)).toEqual([]);
  expect(unnamed(walk.replaceAll('`shared/oauth/grant.ts`', 'the grant'))).toEqual(['shared/oauth/grant.ts']);
});

test('the policy of the README compiles', () => {
  const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(textOf('README.md')) ?? [];
  const compile = (text: string) => compilePolicyFiles([{ path: 'README.yaml', text }]);
  expect(compile(yaml).diagnostics).toEqual([]);
  expect(compile(yaml.replace('scopes: [orders:read]', 'scopes: [orders:rea]')).artifact).toBeUndefined();
});

test('the rule that docs/ci.md shows for a role of CI compiles, and its sessions outlive the job’s token', () => {
  const [, rules = ''] = /```yaml\n(rules:[\s\S]*?)```/.exec(textOf('docs/ci.md')) ?? [];
  const names = `version: 1
issuers: { github: { url: https://token.actions.githubusercontent.com, audience: https://sts.acme.example, claims: github-actions } }
roles: { deploy-prod: { arn: "arn:aws:iam::111122223333:role/deploy-prod" } }
`;
  const compile = (text: string) => compilePolicyFiles([{ path: 'ci.yaml', text: names + text }]);
  const { artifact, diagnostics } = compile(rules);
  expect(diagnostics).toEqual([]);
  expect(artifact?.rules).toMatchObject([{ id: 'gha-deploy-prod', outlive: true, grant: { ttl: 3_600 } }]);
  expect(compile(rules.replace('outlive: true', 'outlives: true')).artifact).toBeUndefined();
});

/** @param within where the names are in the file */
function namesIn(file: string, pattern: RegExp, within = /[\s\S]*/): readonly string[] {
  const [text = ''] = within.exec(textOf(file)) ?? [];
  return [...text.matchAll(pattern)].map(([, name = '']) => name);
}

const props = /export interface TokenExchangeProps \{[\s\S]*?\n\}/;

test.each([
  ['prop of the construct', namesIn('infra/token-exchange.ts', /^ {2}readonly (\w+)/gm, props), 'docs/deploy.md'],
  ['route', namesIn('infra/endpoints/endpoints.ts', /\{ path: '([^']+)'/g), 'docs/http.md'],
  ['command', namesIn('cli/command-table.ts', /^ {2}'?([a-z][a-z -]*)'?: \{$/gm), 'docs/commands.md'],
])('each %s is on its page', (_what, names, page) => {
  expect(names.length).toBeGreaterThan(8);
  const isNamed = (name: string, text: string) =>
    new RegExp(`[\`, ]${name.replace(/[.+]/g, '\\$&')}[\`?: ,\\]]`).test(text);
  expect(names.filter((name) => !isNamed(name, textOf(page)))).toEqual([]);
  expect(names.filter((name) => isNamed(name, textOf(page).replaceAll(name, '')))).toEqual([]);
});

test('the four lines of docs/comparison.md are all that the action has to be given', () => {
  const [, yaml = ''] = /## Four lines[\s\S]*?```yaml\n([\s\S]*?)```/.exec(textOf('docs/comparison.md')) ?? [];
  expect(yaml.trimEnd().split('\n').length).toBe(4);
  const [step] = parse(yaml) as [{ readonly with: object }];
  const { inputs } = parse(textOf('cli/github-action/action.yml')) as {
    readonly inputs: Readonly<Record<string, { readonly required?: boolean }>>;
  };
  const given = Object.keys(step.with);
  expect(given.filter((name) => !inputs[name])).toEqual([]);
  const required = Object.keys(inputs).filter((name) => inputs[name]?.required);
  expect(required.filter((name) => !given.includes(name))).toEqual([]);
  expect(required).toEqual(['url']);
});
