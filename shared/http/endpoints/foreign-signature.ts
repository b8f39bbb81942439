// The task that hears of signatures by anybody but the functions, and knows whether one was made with a key of the keyring: those that
// rotation makes are in no template, and so in no rule's pattern. No I/O of its own.
import type { ReadKeyring } from '../../oauth/jose/keyring.ts';
import type { WriteLog } from '../log.ts';

/** What CloudTrail says of a call of `kms:Sign`. Whoever makes the call writes most of it. */
export interface SignatureEvent {
  readonly detail?: {
    readonly eventID?: string;
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
  readonly write: WriteLog;
}

/** The Lambda handler of such an event: one line of the log, and a metric that an alarm watches, where the key is ours. */
export function foreignSignatureTask({ readKeyring, write }: ForeignSignatures) {
  return async ({ detail = {} }: SignatureEvent): Promise<void> => {
    const { eventID, errorCode, userIdentity, requestParameters, resources = [] } = detail;
    const named = [requestParameters?.keyId, ...resources.map(({ ARN }) => ARN)];
    // By its id, its ARN, or an alias, of which only an answer says whose it is.
    const isNamed = (keyId: string) => named.some((name) => name === keyId || name === keyId.split('/').at(-1));
    const key = (await readKeyring()).keys.find(({ keyId }) => isNamed(keyId));
    if (!key) return;
    // Of a session its role: the session's own name may show what is private.
    const principal = userIdentity?.sessionContext?.sessionIssuer?.arn ?? userIdentity?.arn ?? 'unknown';
    const fields = { kid: key.kid, principal, event_id: eventID, refused: errorCode };
    write('error', 'foreign_signature', fields, { foreign_signature: 1 });
  };
}
