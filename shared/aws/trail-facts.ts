// What a change of the records table means for the audit trail: one record of the table's stream becomes one fact, or none. Pure.
import type { ChangeFact } from '../audit/change-event.ts';
import type { DecisionFact, DecisionNature } from '../audit/decision-event.ts';
import type { FindingFact } from '../audit/finding-event.ts';
import type { TrailFact } from '../audit/trail-event.ts';
import { sha256Of } from '../audit/trail-object.ts';
import type { DecisionRecord } from '../oauth/decision/decision-record.ts';
import { retryWindow } from '../oauth/verify/single-use.ts';
import { isClaims } from '../policy/claims.ts';
import type { Item } from './dynamodb.ts';
import { decisionIdOf, kindOf, nameOf } from './records/record-keys.ts';
import { decisionOf } from './records/stored-decision.ts';

/** @see https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html */
export interface StreamRecord {
  readonly eventID?: string;
  readonly eventName?: string;
  /** Of a deletion by TTL: DynamoDB itself. */
  readonly userIdentity?: { readonly type?: string; readonly principalId?: string };
  readonly dynamodb?: {
    /** Epoch seconds. */
    readonly ApproximateCreationDateTime?: number;
    readonly Keys?: Item;
    readonly NewImage?: Item;
    readonly OldImage?: Item;
    readonly SequenceNumber?: string;
  };
}

/** Items that are no decisions of anybody: what was used, a token's own record, counters. */
const silent: ReadonlySet<string> = new Set(['used', 'nonce', 'reference', 'status-series', 'quota']);

/** Undefined for what is nobody's decision, and for what expired. */
export function trailFact(record: StreamRecord): TrailFact | undefined {
  const { Keys, NewImage, OldImage } = record.dynamodb ?? {};
  const pk = Keys?.['pk']?.S ?? '';
  const kind = kindOf(pk);
  if (record.eventName === 'REMOVE' || !NewImage) {
    return isExpiry(record) ? undefined : findingOf('deleted', pk);
  }
  // A handle's claims are written once: the same again is no change of the stream.
  if (kind === 'reference' && OldImage) return findingOf('altered', pk);
  if (silent.has(kind)) return undefined;
  try {
    const changedAt = record.dynamodb?.ApproximateCreationDateTime;
    return kind === 'decision'
      ? decisionFact(pk, { now: NewImage, before: OldImage, changedAt })
      : changeFact(pk, NewImage, OldImage);
  } catch {
    // It stays in the trail that it was there: a record that cannot be read must not hold up those behind it.
    return findingOf('unreadable', pk);
  }
}

function isExpiry({ userIdentity }: StreamRecord): boolean {
  return userIdentity?.type === 'Service' && userIdentity.principalId === 'dynamodb.amazonaws.com';
}

function findingOf(finding: FindingFact['finding'], pk: string): FindingFact {
  return {
    ...{ kind: 'finding', finding, item: pk },
    ...(kindOf(pk) === 'decision' && { decisionId: decisionIdOf(pk) }),
  };
}

interface DecisionChange {
  readonly now: Item;
  readonly before: Item | undefined;
  /** Epoch seconds. */
  readonly changedAt: number | undefined;
}

function decisionFact(pk: string, { now, before, changedAt }: DecisionChange): DecisionFact | FindingFact {
  const decisionId = decisionIdOf(pk);
  const record = decisionOf(decisionId, now);
  if (!before) return { kind: 'decision', record, nature: 'decided' };
  const former = decisionOf(decisionId, before);
  const nature = isTimely(record, former, changedAt ?? record.at) ? natureOf(record, former) : undefined;
  return nature === undefined ? findingOf('altered', pk) : { kind: 'decision', record, nature };
}

/** Seconds: within {@link retryWindow} the identical request comes again, and a request ends within as long. */
const changeWindow = 2 * retryWindow;

/** Seconds that every decision is kept at least. */
const minRetention = 86_400;

/** Nothing is made of a decision long afterwards; nor does a repetition of it expire earlier. */
function isTimely(now: DecisionRecord, before: DecisionRecord, changedAt: number): boolean {
  const isSoon = [changedAt, now.at].every((at) => Math.abs(at - before.at) <= changeWindow);
  // A refusal is kept from when it was made, a grant until its token has ended.
  const isKept = now.ending.outcome === 'refused' || now.expiresAt >= before.expiresAt - changeWindow;
  return isSoon && isKept && now.expiresAt >= before.at + minRetention;
}

/**
 * A refusal takes the place of the grant of its own request, whose signature failed; the identical request again that of the decision
 * it repeats. Nothing else happens to a decision.
 */
function natureOf(now: DecisionRecord, before: DecisionRecord): DecisionNature | undefined {
  if (now.ending.outcome === 'refused') return isCorrection(now, before) ? 'corrected' : undefined;
  const asked = before.ending.outcome === 'refused' ? requested : granted;
  return asked(now) === asked(before) ? 'repeated' : undefined;
}

function isCorrection(now: DecisionRecord, before: DecisionRecord): boolean {
  return before.ending.outcome === 'granted' && now.attempt === before.attempt;
}

/** What identical requests present and ask for, and by which rule. */
function requested({ rule, request, subject, sha256 }: DecisionRecord): string {
  return JSON.stringify([rule, request, subject?.issuer, sha256?.subject]);
}

/** Whose tokens they were. */
function presented({ subject, actor }: DecisionRecord): readonly unknown[] {
  return [subject, actor].map((token) => token && [token.issuer, token.sub, token.jti]);
}

/** What they were granted: the same token, or sessions of one name. */
function granted(record: DecisionRecord): string {
  const { ending } = record;
  const { session, exp, ...issued } = (ending.outcome === 'granted' && ending.issued) || {};
  return JSON.stringify([
    requested(record),
    presented(record),
    issued,
    session ? [session.roleArn, session.name] : exp,
  ]);
}

/** Every other kind of item, those that come later too. */
function changeFact(pk: string, now: Item, before: Item | undefined): ChangeFact {
  const kind = kindOf(pk);
  const { at, principal, reason } = now;
  return {
    kind: 'change',
    activity: before ? 'update' : 'create',
    type: { revoked: 'revocation', suspended: 'suspension' }[kind] ?? kind,
    name: nameOf(pk),
    ...(at?.N !== undefined && { at: Number(at.N) }),
    ...(principal?.S !== undefined && { principal: principal.S }),
    ...(reason?.S !== undefined && { reason: reason.S }),
    data: dataOf(kind, now),
  };
}

/** Attributes of which it is known that they show nothing secret; of all others, the hash. */
const shown: Readonly<Record<string, readonly string[]>> = {
  revoked: ['by', 'value', 'issuedBefore', 'expiresAt'],
  suspended: ['kind', 'name', 'until'],
  policy: ['hash', 'quotas'],
  tenants: ['version'],
  tenant: ['expiresAt'],
};

function dataOf(kind: string, item: Item): Readonly<Record<string, unknown>> {
  const known = (shown[kind] ?? []).flatMap((name) => {
    const { S, N } = item[name] ?? {};
    return S === undefined && N === undefined ? [] : [[name, S ?? Number(N)] as const];
  });
  return {
    ...Object.fromEntries(known),
    ...(kind === 'keyring' && { keys: keysIn(item) }),
    sha256: sha256Of(JSON.stringify(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))),
  };
}

/** @throws Error when it is no list of keys */
function keysIn(item: Item): readonly object[] {
  const keys: unknown = JSON.parse(item['keys']?.S ?? '');
  if (!Array.isArray(keys) || !keys.every(isClaims)) throw new TypeError('the keyring is no list of keys');
  return keys.map(({ kid, alg, keyId, state }) => ({ kid, alg, key_id: keyId, state }));
}
