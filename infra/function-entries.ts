// The functions there are, and the shape of their code. Pure.

export const functionEntries = [
  'token',
  'introspect',
  'revoke',
  'admin-revocations',
  'suspensions',
  'events',
  'keys',
  'discovery',
  'jwks',
  'status-lists',
  'decisions',
  'session-revocations',
  'keyring-seed',
  'documents',
  'value-digests',
  'probe',
  'trail-writer',
  'trail-heads',
  'trail-sweep',
  'tenants',
  'trust-store',
] as const;

/** A file of functions/, without its ending. */
export type FunctionEntry = (typeof functionEntries)[number];

/** A function's code, by its path in the bundle. The same for every policy. */
export type FunctionCode = (entry: FunctionEntry) => ReadonlyMap<string, string>;
