// A place in a policy file, addressed by its path of keys, and the findings made there. Pure.
import type { Diagnostic } from './diagnostic.ts';

/** Keys and list indexes from the root of the document. */
export type DocumentPath = readonly (string | number)[];

/** A scalar as the file writes it; `plain` is false for quoted and block scalars. */
export interface WrittenScalar {
  readonly text: string;
  readonly plain: boolean;
}

/** Counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A parsed policy file. */
export interface PolicySource {
  readonly file: string;
  /** `''` for the root policy. */
  readonly tenant: string;
  readonly value: unknown;
  /** Whether the document has anything at this path. */
  readonly has: (path: DocumentPath) => boolean;
  /** Position of the value at a path, or of its key; of the nearest existing parent if there is none. */
  readonly positionOf: (path: DocumentPath, on: 'key' | 'value') => Position;
  /** Position of a character of a string value; of the value where the file writes the string otherwise, as in a block. */
  readonly positionInside: (path: DocumentPath, offset: number) => Position;
  readonly scalarAt: (path: DocumentPath) => WrittenScalar | undefined;
}

export interface Place {
  readonly source: PolicySource;
  readonly path: DocumentPath;
  readonly on: 'key' | 'value';
  /** A character of a string value. */
  readonly offset?: number;
}

/** The document itself. */
export function rootOf(source: PolicySource): Place {
  return { source, path: [], on: 'value' };
}

/** The value below a place. */
export function below(place: Place, ...path: DocumentPath): Place {
  return { source: place.source, path: [...place.path, ...path], on: 'value' };
}

/** The key of a place (its value, for a list item). */
export function keyOf(place: Place): Place {
  return { ...place, on: 'key' };
}

/** A character of the string value at a place. */
export function inside(place: Place, offset: number): Place {
  return { ...place, on: 'value', offset };
}

/** `file:line:column`, for messages that point at a second place. */
export function locationOf({ source, path, on }: Place): string {
  const { line, column } = source.positionOf(path, on);
  return `${source.file}:${line}:${column}`;
}

export function errorAt(place: Place, message: string, hint: string): Diagnostic {
  return finding('error', place, message, hint);
}

export function warningAt(place: Place, message: string, hint?: string): Diagnostic {
  return finding('warning', place, message, hint);
}

function finding(severity: Diagnostic['severity'], place: Place, message: string, hint?: string): Diagnostic {
  const { source, path, on, offset } = place;
  const position = offset === undefined ? source.positionOf(path, on) : source.positionInside(path, offset);
  const found = { severity, file: source.file, ...position, message };
  return hint === undefined ? found : { ...found, hint };
}
