// YAML 1.2 text to plain values that remember where each of them stands. Pure.
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type YAMLError,
} from 'yaml';
import { type Diagnostic, fileError, quote } from './diagnostic.ts';
import type { DocumentPath, PolicySource, WrittenScalar } from './place.ts';

/** A policy file's path, as messages show it, and its text. */
export interface PolicyFile {
  readonly path: string;
  readonly text: string;
}

export interface ParsedSource {
  readonly source?: PolicySource;
  readonly diagnostics: readonly Diagnostic[];
}

interface Problem {
  readonly offset: number;
  readonly message: string;
  readonly hint?: string;
}

interface Found {
  readonly key?: Node;
  readonly value?: Node;
}

type PositionOf = (offset: number) => { readonly line: number; readonly column: number };

/** Parses one file; never throws. */
export function parseSource({ path, text }: PolicyFile): ParsedSource {
  try {
    return parse(path, text);
  } catch (cause) {
    // Deep nesting exhausts the parser's stack, and an alias bomb its budget.
    const message = cause instanceof Error ? cause.message : String(cause);
    return { diagnostics: [fileError(path, `cannot be read as YAML: ${message}`)] };
  }
}

function parse(file: string, text: string): ParsedSource {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false, stringKeys: true, resolveKnownTags: false });
  const positionOf: PositionOf = (offset) => {
    const { line, col } = lineCounter.linePos(Math.min(offset, text.length));
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const problems = problemsOf(document, text);
  if (problems.length > 0) {
    return {
      diagnostics: problems.map(({ offset, ...rest }) => ({ severity: 'error', file, ...positionOf(offset), ...rest })),
    };
  }
  return { source: sourceOf(file, document, positionOf), diagnostics: [] };
}

/** One syntax error makes dozens that only follow from it: the first is told. */
function problemsOf(document: Document.Parsed, text: string): Problem[] {
  const slips = document.errors.filter(({ code }) => code === 'DUPLICATE_KEY');
  const [syntaxError] = document.errors.filter(({ code }) => code !== 'DUPLICATE_KEY');
  if (syntaxError !== undefined) return [yamlProblem(syntaxError, text)];
  return [...[...slips, ...document.warnings].map((slip) => yamlProblem(slip, text)), ...oddities(document)];
}

function yamlProblem({ code, message, pos }: YAMLError, text: string): Problem {
  const offset = pos[0];
  if (code === 'DUPLICATE_KEY') return { offset, message: 'this key appears twice', hint: 'keep one of the two' };
  if (code === 'MULTIPLE_DOCS') {
    return { offset, message: 'a policy file holds one document', hint: 'remove "---" or use two files' };
  }
  if (code === 'TAG_RESOLVE_FAILED') {
    return { offset, message: 'YAML tags are not part of a policy', hint: 'remove the tag' };
  }
  const problem = { offset, message: `not valid YAML: ${message.split('\n')[0]}` };
  if (code === 'BAD_ALIAS') return { ...problem, hint: 'quote a pattern that begins with a star: "*"' };
  const template = text.slice(Math.max(0, offset - 1), offset + 2).includes('${');
  return template ? { ...problem, hint: 'quote a template: "${claims.NAME}"' } : problem;
}

function oddities(document: Document.Parsed): Problem[] {
  const problems: Problem[] = [];
  const { yaml } = document.directives;
  if (yaml.explicit && yaml.version !== '1.2') {
    problems.push({ offset: 0, message: `policies are YAML 1.2, not ${yaml.version}`, hint: 'remove the %YAML line' });
  }
  visit(document, {
    Alias: (_, alias) => void problems.push(...aliasProblem(document, alias)),
    // A map with such a key has it dropped by what reads it later: a condition would silently vanish.
    Pair: (_, { key }) =>
      isScalar(key) && key.value === '__proto__'
        ? void problems.push({ offset: key.range?.[0] ?? 0, message: `${quote('__proto__')} cannot be a key` })
        : undefined,
  });
  return problems;
}

function aliasProblem(document: Document.Parsed, alias: Alias): Problem[] {
  const target = alias.resolve(document);
  const offset = alias.range?.[0] ?? 0;
  // `ref: *` or `ref: **` without quotes is read as a reference to an anchor.
  if (target === undefined) {
    const hint = `quote a pattern that begins with a star: ${JSON.stringify(`*${alias.source}`)}`;
    return [{ offset, message: `there is no anchor &${alias.source}`, hint }];
  }
  if (!target.range) return [];
  const circular = target.range[0] <= offset && offset < target.range[2];
  return circular ? [{ offset, message: `the alias *${alias.source} contains itself` }] : [];
}

function sourceOf(file: string, document: Document.Parsed, positionOf: PositionOf): PolicySource {
  const find = (path: DocumentPath) => findNode(document, path);
  return {
    file,
    value: document.toJS({ maxAliasCount: 100 }),
    has: (path) => find(path) !== undefined,
    positionOf: (path, on) => positionOf(offsetOf(find, path, on)),
    scalarAt: (path) => writtenScalar(find(path)?.value),
  };
}

function offsetOf(find: (path: DocumentPath) => Found | undefined, path: DocumentPath, on: 'key' | 'value'): number {
  const found = find(path);
  if (found === undefined) return path.length === 0 ? 0 : offsetOf(find, path.slice(0, -1), 'key');
  const node = on === 'key' ? (found.key ?? found.value) : (found.value ?? found.key);
  return node?.range?.[0] ?? found.key?.range?.[0] ?? 0;
}

function findNode(document: Document.Parsed, path: DocumentPath): Found | undefined {
  let found: Found | undefined = document.contents ? { value: document.contents } : undefined;
  for (const step of path) {
    if (found === undefined) return undefined;
    found = childOf(resolveAlias(document, found.value), step);
  }
  return found;
}

function childOf(node: Node | undefined, step: string | number): Found | undefined {
  if (isSeq<Node>(node)) {
    const value = node.items[Number(step)];
    return value && { value };
  }
  if (!isMap<Node, Node | null>(node)) return undefined;
  const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
  return pair && { key: pair.key, ...(pair.value && { value: pair.value }) };
}

function resolveAlias(document: Document.Parsed, node: Node | undefined): Node | undefined {
  return isAlias(node) ? node.resolve(document) : node;
}

function writtenScalar(node: Node | undefined): WrittenScalar | undefined {
  if (!isScalar(node)) return undefined;
  return { text: node.source ?? String(node.value), plain: node.type === 'PLAIN' };
}
