export declare function eventOf(
  path: string,
  headers: readonly (readonly [string, string])[],
  body: string,
): Readonly<Record<string, unknown>>;
