// What a caller of the policy compiler may say about the world the policy is compiled for. Pure types.
/** The public keys (JWKs) with which the local stack stands in for a name, or undefined to leave it to itself. */
export type StandInKeys = (name: string) => { readonly keys: readonly object[] } | undefined;

/** A tenant that is compiled where the rest is deployed already. */
export interface RunTimeTenant {
  readonly tenant: string;
  /** Which the deployment has keys of, for tokens and for status lists. */
  readonly algorithms: readonly string[];
  readonly statuses: readonly string[];
  /** Whether a connection can have a certificate. */
  readonly certificates: boolean;
}

export interface CompileOptions {
  readonly runTime?: RunTimeTenant;
  /** Text of a file named in a policy file, beside which it stands; undefined where there is none. */
  readonly readBeside?: (policyFile: string, name: string) => string | undefined;
  /** Compile for the local stack: loopback URLs are allowed. */
  readonly local?: boolean;
  /** Issuer URLs from TypeScript, by issuer name; a value may be an unresolved token of CDK. */
  readonly issuerUrls?: Readonly<Record<string, string>>;
  /** Role ARNs from TypeScript, by role name, likewise. */
  readonly roleArns?: Readonly<Record<string, string>>;
  /** Whether a value of `issuerUrls` or `roleArns` is known only at deploy. */
  readonly isUnresolved?: (value: string) => boolean;
  /** With `local`: the keys that stand in for an issuer that has none written into the policy, nor itself or its `jwksUri` on loopback. */
  readonly standIns?: StandInKeys;
  /** With `local`: the keys that stand in for a client whose keys are at a `jwksUri` that is not on loopback. */
  readonly clientStandIns?: StandInKeys;
  /** Whether the functions are in a VPC, where that is known. */
  readonly vpc?: boolean;
  /** Seconds since the epoch: by when secrets and keys have ended. Default: the present. */
  readonly now?: number;
  /** Also say what works and will not please: `cambio policy check` does, a deployment does not. */
  readonly advice?: boolean;
  /** Only warn of an issuer without URL, or a role without ARN: `cambio policy check` does not see the TypeScript that gives it. */
  readonly urlsComeLater?: boolean;
}
