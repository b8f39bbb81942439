// The functions that a condition can call. Pure data.

interface Arity {
  /** Number of arguments as `f(x)`. */
  readonly global?: number;
  /** Number of arguments as `x.f(y)`. */
  readonly method?: number;
}

export const operators: ReadonlySet<string> = new Set([
  ...['_&&_', '_||_', '!_', '_?_:_', '_==_', '_!=_', '_<_', '_<=_', '_>_', '_>=_', '@in', '_[_]'],
  ...['_+_', '_-_', '_*_', '_/_', '_%_', '-_', '@not_strictly_false'],
]);

export const comparisons: ReadonlySet<string> = new Set(['_==_', '_!=_', '_<_', '_<=_', '_>_', '_>=_']);

export const functions: ReadonlyMap<string, Arity> = new Map(
  Object.entries({
    size: { global: 1, method: 0 },
    contains: { method: 1 },
    startsWith: { method: 1 },
    endsWith: { method: 1 },
    matches: { method: 1 },
    int: { global: 1 },
    uint: { global: 1 },
    double: { global: 1 },
    string: { global: 1 },
    bool: { global: 1 },
    bytes: { global: 1 },
    dyn: { global: 1 },
    type: { global: 1 },
  }),
);

/** Those that take a string before the dot. */
export const ofStrings: ReadonlySet<string> = new Set(['contains', 'startsWith', 'endsWith', 'matches']);

/** Calls that the parser writes out; one that is still a call was not written as it should be. */
export const macros: ReadonlyMap<string, string> = new Map(
  Object.entries({
    has: 'has(claims.x)',
    all: 'claims.list.all(x, x != "")',
    exists: 'claims.list.exists(x, x == "a")',
    exists_one: 'claims.list.exists_one(x, x == "a")',
    existsOne: 'claims.list.existsOne(x, x == "a")',
    map: 'claims.list.map(x, x + "a")',
    filter: 'claims.list.filter(x, x != "")',
  }),
);

/** `timestamp(int)` reads milliseconds, and nothing else here makes a timestamp. */
export function isAboutTime(name: string): boolean {
  return /^(timestamp|duration|get(Date|DayOf\w+|FullYear|Hours|Milliseconds|Minutes|Month|Seconds))$/.test(name);
}
