// Nonces of DPoP proofs: one random value for each five minutes, shared by all instances through the records table. It is no
// secret, since everybody gets it who asks; it must only not be known before its time (docs/decisions/dpop.md).
import type { Nonces } from '../../oauth/verify/dpop-proof.ts';
import type { CallDynamoDb } from '../dynamodb.ts';
import { nonceKey } from './record-keys.ts';

/** Seconds of one nonce. It counts for as long again, so that nobody is told to use one that is about to end. */
const period = 300;
/** Seconds in which a period that has no nonce is not looked up again: who guesses must not make us read. */
const absentFor = 5;

export interface NonceStore {
  readonly call: CallDynamoDb;
  readonly table: string;
  /** Seconds since the epoch. */
  readonly now: () => number;
  /** 128 random bits in letters that a JWT string and a header may have. */
  readonly newNonce: () => string;
}

interface Known {
  readonly value: string | undefined;
  readonly at: number;
}

/** The first who needs the nonce of a period makes it; it is `<period>.<random>`. */
export function createNonces(store: NonceStore): Nonces {
  const { now } = store;
  const known = new Map<number, Known>();
  const remember = (at: number, value: string | undefined): string | undefined => {
    known.set(at, { value, at: now() });
    for (const earlier of known.keys()) if (earlier < periodOf(now()) - 1) known.delete(earlier);
    return value;
  };
  const find = async (at: number): Promise<string | undefined> => {
    const found = known.get(at);
    if (found && (found.value !== undefined || now() - found.at < absentFor)) return found.value;
    return remember(at, await readNonce(store, at));
  };
  return {
    currentNonce: async () => {
      const at = periodOf(now());
      const value = known.get(at)?.value ?? remember(at, await makeNonce(store, at));
      return nonceOf(at, value ?? '');
    },
    checkNonce: async (nonce) => {
      const [name = ''] = nonce.split('.');
      const at = Number.parseInt(name, 36);
      const current = periodOf(now());
      if (name !== at.toString(36) || at > current + 1) return 'unknown';
      if (at < current - 1) return 'stale';
      const value = await find(at);
      // Nothing was given out in that period, as far as is known here: who asks again is told what to use.
      if (value === undefined) return 'stale';
      return nonce === nonceOf(at, value) ? 'good' : 'unknown';
    },
  };
}

function periodOf(seconds: number): number {
  return Math.floor(seconds / period);
}

function nonceOf(at: number, value: string): string {
  return `${at.toString(36)}.${value}`;
}

/** Of any number of instances that make it at once, all have what the first one wrote. */
async function makeNonce({ call, table, newNonce }: NonceStore, at: number): Promise<string> {
  const { Attributes } = await call('UpdateItem', {
    TableName: table,
    Key: { pk: { S: nonceKey(at.toString(36)) } },
    UpdateExpression: 'SET nonce = if_not_exists(nonce, :new), expiresAt = :expiresAt',
    ExpressionAttributeValues: { ':new': { S: newNonce() }, ':expiresAt': { N: String((at + 3) * period) } },
    ReturnValues: 'ALL_NEW',
  });
  const value = Attributes?.['nonce']?.S;
  if (!value) throw new TypeError('the nonce of a period is no string');
  return value;
}

async function readNonce({ call, table }: NonceStore, at: number): Promise<string | undefined> {
  const key = { pk: { S: nonceKey(at.toString(36)) } };
  const { Item } = await call('GetItem', { TableName: table, Key: key, ConsistentRead: true });
  return Item?.['nonce']?.S;
}
