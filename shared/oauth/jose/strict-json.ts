// A JSON parser for signed content (RFC 8259): what two parsers could read differently is refused, not guessed. Pure.

import type { JsonObject, JsonValue } from '../../policy/json.ts';

/** Bounds of one document. */
export interface JsonLimits {
  readonly depth: number;
  /** Values of any kind, members and elements included. */
  readonly values: number;
}

const defaultLimits: JsonLimits = { depth: 40, values: 4_000 };

// biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 8259 §7 forbids exactly these unescaped
const stringToken = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const numberToken = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const wordToken = /true|false|null/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const notPlain = /[\\\u0000-\u001f]/;

interface Cursor {
  readonly text: string;
  readonly limits: JsonLimits;
  position: number;
  values: number;
}

/**
 * Parses one JSON text. Refuses duplicate member names (also when hidden by escapes), lone surrogates, NUL,
 * numbers that are not finite, and documents over the limits.
 * @throws SyntaxError
 */
export function parseStrictJson(text: string, limits: JsonLimits = defaultLimits): JsonValue {
  const cursor: Cursor = { text, limits, position: 0, values: 0 };
  const value = readValue(cursor, 0);
  if (cursor.position !== text.length) throw new SyntaxError('text after the JSON value');
  return value;
}

function readValue(cursor: Cursor, depth: number): JsonValue {
  if (depth > cursor.limits.depth) throw new SyntaxError('nested too deeply');
  cursor.values += 1;
  if (cursor.values > cursor.limits.values) throw new SyntaxError('too many values');
  skip(cursor);
  const next = cursor.text[cursor.position];
  const value =
    next === '{'
      ? readObject(cursor, depth)
      : next === '['
        ? readArray(cursor, depth)
        : next === '"'
          ? readString(cursor)
          : next === 't' || next === 'f' || next === 'n'
            ? readWord(cursor)
            : readNumber(cursor);
  skip(cursor);
  return value;
}

function readObject(cursor: Cursor, depth: number): JsonObject {
  // `Object.create(null)` would be kept as a hash table, and take everybody longer who reads or copies claims.
  const object: Record<string, JsonValue> = Object.setPrototypeOf({}, null);
  cursor.position += 1;
  skip(cursor);
  if (accept(cursor, '}')) return object;
  do {
    skip(cursor);
    const name = readString(cursor);
    if (name in object) throw new SyntaxError('duplicate member name');
    skip(cursor);
    expect(cursor, ':');
    object[name] = readValue(cursor, depth + 1);
  } while (accept(cursor, ','));
  expect(cursor, '}');
  return object;
}

function readArray(cursor: Cursor, depth: number): JsonValue[] {
  const array: JsonValue[] = [];
  cursor.position += 1;
  skip(cursor);
  if (accept(cursor, ']')) return array;
  do array.push(readValue(cursor, depth + 1));
  while (accept(cursor, ','));
  expect(cursor, ']');
  return array;
}

function readString(cursor: Cursor): string {
  return readPlainString(cursor) ?? readEscapedString(cursor);
}

/** What stands between two quotation marks as it is, as nearly every string does; undefined where more has to be looked at. */
function readPlainString(cursor: Cursor): string | undefined {
  const { text, position } = cursor;
  const end = text[position] === '"' ? text.indexOf('"', position + 1) : -1;
  const value = text.slice(position + 1, end);
  if (end < 0 || notPlain.test(value) || !value.isWellFormed()) return undefined;
  cursor.position = end + 1;
  return value;
}

function readEscapedString(cursor: Cursor): string {
  const value = JSON.parse(take(cursor, stringToken)) as string;
  if (!value.isWellFormed() || value.includes('\0')) throw new SyntaxError('string is not well-formed text');
  return value;
}

function readNumber(cursor: Cursor): number {
  const value = Number(take(cursor, numberToken));
  // RFC 8259 lets 1e400 through and JavaScript makes it Infinity: a token that never expires.
  if (!Number.isFinite(value)) throw new SyntaxError('number out of range');
  return value;
}

function readWord(cursor: Cursor): boolean | null {
  const word = take(cursor, wordToken);
  return word === 'null' ? null : word === 'true';
}

function take(cursor: Cursor, token: RegExp): string {
  token.lastIndex = cursor.position;
  const found = token.exec(cursor.text)?.[0];
  if (found === undefined) throw new SyntaxError('unexpected character');
  cursor.position += found.length;
  return found;
}

/** White space, of which a token has hardly any. */
function skip(cursor: Cursor): void {
  while (isSpace(cursor.text.charCodeAt(cursor.position))) cursor.position += 1;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d;
}

function accept(cursor: Cursor, character: string): boolean {
  if (cursor.text[cursor.position] !== character) return false;
  cursor.position += 1;
  return true;
}

function expect(cursor: Cursor, character: string): void {
  if (!accept(cursor, character)) throw new SyntaxError(`expected ${character}`);
}
