// What the emulators of AWS services share: the record of a call, who may call, and injected faults. Pure types.

/** One authenticated call of an emulator, in the terms an IAM statement is evaluated in. */
export interface RecordedCall {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly service: 'dynamodb' | 'kms' | 'sts' | 's3' | 'iam' | 'lambda';
  /** ARN of the caller. */
  readonly principal: string;
  /** IAM action, such as `kms:Sign`. */
  readonly action: string;
  /** ARN, or `*` for actions without a resource. */
  readonly resource: string;
  /** IAM condition keys with their values; several values of one key are joined by commas. */
  readonly context: Readonly<Record<string, string>>;
}

export type RecordCall = (call: RecordedCall) => void;

/** The principal's ARN, or undefined when nobody holds this access key. */
export type PrincipalOf = (accessKeyId: string) => string | undefined;

/** A failure, an answer that comes late, or both. `delayMs` is waited before the answer. */
export type Fault =
  | { readonly code: string; readonly status: number; readonly message?: string; readonly delayMs?: number }
  | { readonly delayMs: number };

/** Asked once per recorded call, before the work is done. */
export type InjectFault = (call: RecordedCall) => Fault | undefined;

/** What every emulator needs. */
export interface EmulatorOptions {
  /** Port on 127.0.0.1; 0, the default, takes a free one. */
  readonly port?: number | undefined;
  readonly region: string;
  readonly accountId: string;
  readonly principalOf: PrincipalOf;
  readonly record: RecordCall;
  readonly fault?: InjectFault | undefined;
  /** Clock in milliseconds. */
  readonly clock?: (() => number) | undefined;
}
