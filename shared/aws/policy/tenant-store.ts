// Tenants that were put at run time, in DynamoDB: one item says which there are and what their items hash to, under a MAC that
// KMS makes for one function alone and verifies for every reader. The item is replaced as a whole, conditionally: what is once
// in the deployment is taken by that one write. What no list names any more has an end.
import { hash } from 'node:crypto';
import type { Measured } from '../../metrics.ts';
import {
  type ListedTenant,
  nextVersion,
  type StoredTenant,
  type TenantChange,
  type TenantList,
} from '../../policy/stored-tenant.ts';
import type { NamedPart } from '../../policy/tenant-parts.ts';
import { callDependency, unlessConditionFailed } from '../dependency.ts';
import type { CallDynamoDb, Item } from '../dynamodb.ts';
import { tenantKey, tenantsKey } from '../records/record-keys.ts';
import type { MacCalls } from './tenant-mac.ts';

export interface TenantStore {
  readonly call: CallDynamoDb;
  readonly table: string;
  readonly mac: MacCalls;
  /** Told what is wrong with what was read and is not believed. */
  readonly onFault?: (fault: TenantsFault) => void;
}

/** Its MAC is another's, it is older than what was read before, it is gone, or a tenant's item is not what was put. */
export type TenantsFault = 'mac' | 'older' | 'missing' | 'item';

/** Writes a line of the log. */
export type WriteFault = (
  level: 'error',
  message: string,
  fields: Readonly<Record<string, unknown>>,
  measured?: Measured,
) => void;

/** What was read of the tenants and is not believed, in the log and by a metric. */
export function refusedBy(write: WriteFault) {
  return (fault: TenantsFault): void => write('error', 'tenants_refused', { fault }, { tenants_refused: 1 });
}

/** Tenants that are read at once. */
const atOnce = 8;
/** Seconds that the item of a tenant which was replaced or removed is kept: who has read the older list may be about to read it. */
const keptAfterwards = 86_400;

const none: TenantList = { version: 0, tenants: [] };

/**
 * Reads the list, strongly consistent. A list that was verified before is not verified again.
 * @throws Refused `unavailable`, also for a list whose MAC is another's, or one that is older than what this instance has seen
 */
export function createReadList({ call, table, mac, onFault }: TenantStore): () => Promise<TenantList> {
  let seen: { readonly text: string; readonly list: TenantList } = { text: '', list: none };
  const refuse = (fault: TenantsFault): never => {
    onFault?.(fault);
    throw new Error(`the list of tenants is not believed: ${fault}`);
  };
  return () =>
    callDependency('dynamodb', async () => {
      const { Item: item } = await call('GetItem', {
        TableName: table,
        Key: { pk: { S: tenantsKey } },
        ConsistentRead: true,
      });
      if (!item) {
        return seen.list.version > 0 ? refuse('missing') : none;
      }
      const text = item['doc']?.S ?? '';
      if (text === seen.text) return seen.list;
      if (!(await mac.verify(macInput(text), item['mac']?.B ?? ''))) refuse('mac');
      const list = JSON.parse(text) as TenantList;
      if (list.version < seen.list.version) refuse('older');
      seen = { text, list };
      return list;
    });
}

/** KMS takes 4,096 bytes for a MAC: it is made of the hash. */
function macInput(text: string): Buffer {
  return Buffer.from(`cambio tenants ${hash('sha256', text)}`);
}

/**
 * Finds a tenant of the list by its hash, which is known to be right once the list is.
 * @throws Refused `unavailable`, also where the item is not what was put
 */
export function createFindTenant({ call, table, onFault }: Pick<TenantStore, 'call' | 'table' | 'onFault'>) {
  return (listed: ListedTenant): Promise<StoredTenant> =>
    callDependency('dynamodb', async () => {
      const pk = { S: tenantKey(listed.name, listed.hash) };
      const { Item: item } = await call('GetItem', { TableName: table, Key: { pk }, ConsistentRead: true });
      const text = item?.['doc']?.S ?? '';
      if (hash('sha256', text) !== listed.hash) {
        onFault?.('item');
        throw new Error(`tenant ${listed.name} is not what was put`);
      }
      return JSON.parse(text) as StoredTenant;
    });
}

/** Reads all tenants; those that have not changed are remembered. */
export function createReadParts(store: TenantStore): () => Promise<readonly NamedPart[]> {
  const readList = createReadList(store);
  const findTenant = createFindTenant(store);
  let known = new Map<string, NamedPart>();
  return async () => {
    const { tenants } = await readList();
    const parts: NamedPart[] = [];
    const find = async (listed: ListedTenant): Promise<NamedPart> => {
      const { name, hash: itemHash } = listed;
      const remembered = known.get(`${name} ${itemHash}`);
      if (remembered) return remembered;
      const { part, format } = await findTenant(listed);
      return { name, hash: itemHash, format, part };
    };
    for (let from = 0; from < tenants.length; from += atOnce) {
      parts.push(...(await Promise.all(tenants.slice(from, from + atOnce).map(find))));
    }
    known = new Map(parts.map((each) => [`${each.name} ${each.hash}`, each]));
    return parts;
  };
}

/** Writes the tenant's own item, which nobody reads before the list names it. @returns its hash */
export function createWriteTenant({ call, table }: Pick<TenantStore, 'call' | 'table'>) {
  return (tenant: StoredTenant): Promise<string> =>
    callDependency('dynamodb', async () => {
      const text = JSON.stringify(tenant);
      const itemHash = hash('sha256', text);
      const item = { pk: { S: tenantKey(tenant.name, itemHash) }, doc: { S: text }, ...saidBy(tenant) };
      await call('PutItem', { TableName: table, Item: item });
      return itemHash;
    });
}

/** Gives the item of a tenant that no list names any more an end; of one that is not there nothing is made. */
export function createEndTenant({ call, table }: Pick<TenantStore, 'call' | 'table'>) {
  return ({ name, hash: itemHash }: Pick<ListedTenant, 'name' | 'hash'>, by: TenantChange): Promise<void> =>
    callDependency('dynamodb', async () => {
      const { at, principal } = saidBy(by);
      await unlessConditionFailed(
        call('UpdateItem', {
          TableName: table,
          Key: { pk: { S: tenantKey(name, itemHash) } },
          ConditionExpression: 'attribute_exists(pk)',
          UpdateExpression: 'SET expiresAt = :end, #at = :at, principal = :principal',
          ExpressionAttributeNames: { '#at': 'at' },
          ExpressionAttributeValues: {
            ':end': { N: String(by.at + keptAfterwards) },
            ':at': at,
            ':principal': principal,
          },
        }),
      );
    });
}

/** For the audit trail, which reads the table's changes. */
function saidBy({ at, principal }: TenantChange) {
  return { at: { N: String(at) }, principal: { S: principal } } satisfies Item;
}

/** Replaces the list, unless another change came first. @returns whether it did */
export function createWriteList({ call, table, mac }: TenantStore) {
  return (before: TenantList, tenants: readonly ListedTenant[], by: TenantChange): Promise<boolean> =>
    callDependency('dynamodb', async () => {
      const version = nextVersion(before, by);
      const text = JSON.stringify({ version, tenants } satisfies TenantList);
      const item = {
        pk: { S: tenantsKey },
        doc: { S: text },
        version: { N: String(version) },
        ...saidBy(by),
        mac: { B: await mac.generate(macInput(text)) },
      };
      const written = await unlessConditionFailed(
        call('PutItem', {
          TableName: table,
          Item: item,
          ...(before.version === 0
            ? { ConditionExpression: 'attribute_not_exists(pk)' }
            : {
                ConditionExpression: '#version = :before',
                ExpressionAttributeNames: { '#version': 'version' },
                ExpressionAttributeValues: { ':before': { N: String(before.version) } },
              }),
        }),
      );
      return written !== undefined;
    });
}
