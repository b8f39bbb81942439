// The task that hears of signatures by anybody but the functions, and knows whether one was made with a key of the keyring: those that
// rotation makes are in no template, and so in no rule's pattern. No I/O of its own.
import type { Keyring, ReadKeyring, SigningKey } from '../../oauth/jose/keyring.ts';
import type { WriteLog } from '../log.ts';

/** What CloudTrail says of a call of `kms:Sign`. Whoever makes the call writes most of it. */
export interface SignatureEvent {
  readonly detail?: {
    readonly eventID?: string;
    /** When the call was made, by CloudTrail's clock. */
    readonly eventTime?: string;
    readonly errorCode?: string;
    readonly userIdentity?: {
      readonly arn?: string;
      readonly sessionContext?: { readonly sessionIssuer?: { readonly arn?: string } };
    };
    readonly requestParameters?: { readonly keyId?: unknown } | null;
    /** Absent of a call that was refused. */
    readonly resources?: readonly { readonly ARN?: unknown }[];
  };
}

interface ForeignSignatures {
  readonly readKeyring: ReadKeyring;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly write: WriteLog;
}

/** Milliseconds a keyring is looked into again: others may sign hundreds of times a second, and CloudTrail tells of it late. */
const keptFor = 60_000;

/** Milliseconds after a call until the keyring surely has the key: rotation writes it once it is made, and clocks differ. */
const writtenWithin = 10_000;

/** The Lambda handler of such an event: one line of the log, and a metric that an alarm watches, where the key is ours. */
export function foreignSignatureTask({ readKeyring, clock, write }: ForeignSignatures) {
  let last: { readonly keyring: Keyring; readonly at: number } | undefined;
  /** Whether the last keyring has each key of ours that a call of this time can be with. NaN where CloudTrail does not say when it was. */
  const isWhole = (calledAt: number): boolean => {
    const now = clock();
    return last !== undefined && now >= last.at && now - last.at < keptFor && calledAt + writtenWithin <= last.at;
  };
  const findKey = async (isOurs: (key: SigningKey) => boolean, calledAt: number): Promise<SigningKey | undefined> => {
    const found = last?.keyring.keys.find(isOurs);
    if (found || isWhole(calledAt)) return found;
    const at = clock();
    last = { keyring: await readKeyring('again'), at };
    return last.keyring.keys.find(isOurs);
  };
  return async ({ detail = {} }: SignatureEvent): Promise<void> => {
    const { eventID, eventTime = '', errorCode, userIdentity, requestParameters, resources = [] } = detail;
    const named = [requestParameters?.keyId, ...resources.map(({ ARN }) => ARN)];
    // By its id, its ARN, or an alias, of which only an answer says whose it is.
    const isNamed = ({ keyId }: SigningKey) => named.some((name) => name === keyId || name === keyId.split('/').at(-1));
    const key = await findKey(isNamed, Date.parse(eventTime));
    if (!key) return;
    // Of a session its role: the session's own name may show what is private.
    const principal = userIdentity?.sessionContext?.sessionIssuer?.arn ?? userIdentity?.arn ?? 'unknown';
    const fields = { kid: key.kid, principal, event_id: eventID, refused: errorCode };
    write('error', 'foreign_signature', fields, { foreign_signature: 1 });
  };
}
