// Patterns of metric filters over JSON lines: `{ ($.a.b = "x") && ($.c > 1) }`. Pure.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html

import { isObject, TemplateError } from '../template/stack-template.ts';

export type MatchesLine = (line: unknown) => boolean;

/** @throws TemplateError for a pattern the local stack does not know */
export function parseFilterPattern(pattern: string): MatchesLine {
  const [, inner] = /^\s*\{(.*)\}\s*$/s.exec(pattern) ?? [];
  const tokens = inner?.match(/"(?:[^"\\]|\\.)*"|&&|\|\||[<>!]=|[()=<>]|[^\s()=<>!&|"]+/g);
  if (!tokens) throw unknown(pattern);
  const reader = { tokens, at: 0, pattern };
  const matches = readOr(reader);
  if (reader.at < tokens.length) throw unknown(pattern);
  return matches;
}

interface Reader {
  readonly tokens: readonly string[];
  at: number;
  readonly pattern: string;
}

function readOr(reader: Reader): MatchesLine {
  const sides = [readAnd(reader)];
  while (taken(reader, '||')) sides.push(readAnd(reader));
  return (line) => sides.some((side) => side(line));
}

function readAnd(reader: Reader): MatchesLine {
  const sides = [readTerm(reader)];
  while (taken(reader, '&&')) sides.push(readTerm(reader));
  return (line) => sides.every((side) => side(line));
}

function readTerm(reader: Reader): MatchesLine {
  if (taken(reader, '(')) {
    const inner = readOr(reader);
    if (!taken(reader, ')')) throw unknown(reader.pattern);
    return inner;
  }
  const [selector = '', operator = '', wanted = ''] = reader.tokens.slice(reader.at, reader.at + 3);
  reader.at += 3;
  const path = /^\$((?:\.\w+)+)$/.exec(selector)?.[1]?.slice(1).split('.');
  const compare = Object.hasOwn(comparisons, operator) ? comparisons[operator] : undefined;
  if (!path || !compare || wanted === '' || wanted === '(' || wanted === ')') throw unknown(reader.pattern);
  return (line) => compare(selected(line, path), wanted);
}

function taken(reader: Reader, token: string): boolean {
  if (reader.tokens[reader.at] !== token) return false;
  reader.at += 1;
  return true;
}

/** What a selector such as `$.a.b` finds. */
export function selected(line: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, name) => (isObject(value) ? value[name] : undefined), line);
}

type Compare = (got: unknown, wanted: string) => boolean;

/** A line without the field matches nothing. */
const comparisons: Readonly<Record<string, Compare>> = {
  '=': equals,
  '!=': (got, wanted) => got !== undefined && !equals(got, wanted),
  '<': (got, wanted) => typeof got === 'number' && got < Number(wanted),
  '>': (got, wanted) => typeof got === 'number' && got > Number(wanted),
  '<=': (got, wanted) => typeof got === 'number' && got <= Number(wanted),
  '>=': (got, wanted) => typeof got === 'number' && got >= Number(wanted),
};

function equals(got: unknown, wanted: string): boolean {
  if (!['string', 'number', 'boolean'].includes(typeof got)) return false;
  const text = wanted.startsWith('"') ? (JSON.parse(wanted) as string) : wanted;
  if (typeof got === 'number' && !text.includes('*')) return got === Number(text);
  const parts = text.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(String(got));
}

function unknown(pattern: string): TemplateError {
  return new TemplateError(`the local stack does not know the filter pattern ${pattern}`);
}
