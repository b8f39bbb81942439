// The environment of the functions, named once: infra writes these variables, functions read them.

/** Environment variable of each setting. Shapes are in {@link Config}. */
export const environmentNames = {
  /** Issuer identifier: an https origin without a path and without a trailing slash. */
  issuer: 'ISSUER',
  /** Base of every route, without a trailing slash. */
  apiBase: 'API_BASE',
  /** Name of the DynamoDB table of records. */
  recordsTable: 'RECORDS_TABLE',
  /** Seconds a decision is kept. */
  decisionRetention: 'DECISION_RETENTION',
  /** JSON object: the values the policy artifact has holes for. Optional; absent means none. */
  policyValues: 'POLICY_VALUES',
  /** The account that the function runs in. */
  accountId: 'ACCOUNT_ID',
  /** ARN of the function that ends sessions of AWS roles. Optional; absent where no role is revocable. */
  sessionRevocations: 'SESSION_REVOCATIONS',
} as const;

export type Setting = keyof typeof environmentNames;

/**
 * Reads the named settings and reports every missing one in a single error.
 * @throws Error naming all variables that are unset or empty
 */
export function readConfig<const Names extends readonly Setting[]>(
  environment: Readonly<Record<string, string | undefined>>,
  names: Names,
): Readonly<Record<Names[number], string>> {
  const missing = names.filter((name) => !environment[environmentNames[name]]).map((name) => environmentNames[name]);
  if (missing.length > 0) throw new Error(`missing environment variables: ${missing.join(', ')}`);
  return Object.fromEntries(names.map((name) => [name, environment[environmentNames[name]]])) as Record<
    Names[number],
    string
  >;
}
