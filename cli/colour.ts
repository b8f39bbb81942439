// Colour for a terminal: what begins a line says what the line is. Data, which no such line begins, stays as it is. Pure.
import type { Environment } from './environment.ts';

export interface Terminal {
  readonly isTTY?: boolean | undefined;
}

/** @see [NO_COLOR](https://no-color.org) */
export function hasColour({ isTTY }: Terminal, environment: Environment): boolean {
  return isTTY === true && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb';
}

const paints: readonly (readonly [RegExp, number])[] = [
  // A decision's tree: check marks and crosses. As characters they would make of the whole file one of two-byte characters.
  [/^ *\u2713/gm, 32],
  [/^ *\u2717/gm, 31],
  // Words about what went wrong.
  [/^cambio:/gm, 31],
  // Headings of help.
  [
    /^(?:usage|commands|options|arguments|examples?|for operators|the server|the token|the client|exit codes)\b.*?:/gm,
    1,
  ],
  // What the local stack says of a decision.
  [/(?<=^\d\d:\d\d:\d\d )granted/gm, 32],
  [/(?<=^\d\d:\d\d:\d\d )refused/gm, 31],
];

export function painted(text: string): string {
  return paints.reduce((done, [pattern, colour]) => done.replace(pattern, `\u001b[${colour}m$&\u001b[0m`), text);
}

/** What writes to a stream: as it is, or painted where it is a terminal that wants it. */
export function painter(stream: Terminal, environment: Environment): (text: string) => string {
  return hasColour(stream, environment) ? painted : (text) => text;
}
