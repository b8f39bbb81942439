// YAML 1.2 text to plain values that remember where each of them stands. Pure.
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { type Diagnostic, fileError } from './diagnostic.ts';
import type { DocumentPath, PolicySource, Position, WrittenScalar } from './place.ts';
import { problemsOf } from './yaml-problems.ts';

/** A policy file's path, as messages show it, and its text. */
export interface PolicyFile {
  readonly path: string;
  readonly text: string;
  /** The tenant whose folder it is in; absent in the root policy. */
  readonly tenant?: string;
}

export interface ParsedSource {
  readonly source?: PolicySource;
  readonly diagnostics: readonly Diagnostic[];
}

interface Found {
  readonly key?: Node;
  readonly value?: Node;
}

type PositionOf = (offset: number) => Position;

/** Parses one file; never throws. */
export function parseSource(source: PolicyFile): ParsedSource {
  try {
    return parse(source);
  } catch (cause) {
    // Deep nesting exhausts the parser's stack, and an alias bomb its budget.
    const message = cause instanceof Error ? cause.message : String(cause);
    return { diagnostics: [fileError(source.path, `cannot be read as YAML: ${message}`)] };
  }
}

function parse({ path: file, text, tenant = '' }: PolicyFile): ParsedSource {
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
  return { source: sourceOf({ path: file, text, tenant }, document, positionOf), diagnostics: [] };
}

function sourceOf(
  { path: file, text, tenant }: Required<PolicyFile>,
  document: Document.Parsed,
  positionOf: PositionOf,
): PolicySource {
  const find = (path: DocumentPath) => findNode(document, path);
  return {
    file,
    tenant,
    value: document.toJS({ maxAliasCount: 100 }),
    has: (path) => find(path) !== undefined,
    positionOf: (path, on) => positionOf(offsetOf(find, path, on)),
    positionInside: (path, offset) =>
      positionOf(offsetInside(text, find(path)?.value, offset) ?? offsetOf(find, path, 'value')),
    scalarAt: (path) => writtenScalar(find(path)?.value),
  };
}

function offsetOf(find: (path: DocumentPath) => Found | undefined, path: DocumentPath, on: 'key' | 'value'): number {
  const found = find(path);
  if (found === undefined) return path.length === 0 ? 0 : offsetOf(find, path.slice(0, -1), 'key');
  const node = on === 'key' ? (found.key ?? found.value) : (found.value ?? found.key);
  return node?.range?.[0] ?? found.key?.range?.[0] ?? 0;
}

/** Plain text begins where its node does, quoted text one further; what is escaped or folded stands nowhere as it is. */
function offsetInside(text: string, node: Node | undefined, offset: number): number | undefined {
  if (!isScalar<string>(node) || !node.range) return undefined;
  const [start] = node.range;
  const begin = [start, start + 1].find((candidate) => text.startsWith(node.value, candidate));
  return begin === undefined ? undefined : begin + offset;
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
