// Tenants that were put at run time, in DynamoDB: one item says which there are and what their items hash to, under a MAC that
// KMS makes for one function alone and verifies for every reader. The item is replaced as a whole, conditionally: what is once
// in the deployment is taken by that one write.
import { hash } from 'node:crypto';
import type { ListedTenant, StoredTenant, TenantChange, TenantList } from '../policy/stored-tenant.ts';
import type { NamedPart } from '../policy/tenant-parts.ts';
import { callDependency, unlessConditionFailed } from './dependency.ts';
import type { CallDynamoDb, Item } from './dynamodb.ts';
import { tenantKey, tenantsKey } from './record-keys.ts';
import type { MacCalls } from './tenant-mac.ts';

export interface TenantStore {
  readonly call: CallDynamoDb;
  readonly table: string;
  readonly mac: MacCalls;
}

const none: TenantList = { version: 0, tenants: [] };

/**
 * Reads the list, strongly consistent. A list that was verified before is not verified again.
 * @throws Refused `unavailable`, also for a list whose MAC is another's, or one that is older than what this instance has seen
 */
export function createReadList({ call, table, mac }: TenantStore): () => Promise<TenantList> {
  let seen: { readonly text: string; readonly list: TenantList } = { text: '', list: none };
  return () =>
    callDependency('dynamodb', async () => {
      const { Item: item } = await call('GetItem', {
        TableName: table,
        Key: { pk: { S: tenantsKey } },
        ConsistentRead: true,
      });
      if (!item) {
        if (seen.list.version > 0) throw new Error('the list of tenants is gone');
        return none;
      }
      const text = item['doc']?.S ?? '';
      if (text === seen.text) return seen.list;
      if (!(await mac.verify(macInput(text), item['mac']?.B ?? '')))
        throw new Error('the list of tenants has a MAC of somebody else');
      const list = JSON.parse(text) as TenantList;
      if (list.version < seen.list.version)
        throw new Error('the list of tenants is older than one that was read before');
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
export function createFindTenant({ call, table }: Pick<TenantStore, 'call' | 'table'>) {
  return (listed: ListedTenant): Promise<StoredTenant> =>
    callDependency('dynamodb', async () => {
      const pk = { S: tenantKey(listed.name, listed.hash) };
      const { Item: item } = await call('GetItem', { TableName: table, Key: { pk }, ConsistentRead: true });
      const text = item?.['doc']?.S ?? '';
      if (hash('sha256', text) !== listed.hash) throw new Error(`tenant ${listed.name} is not what was put`);
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
    const parts = await Promise.all(
      tenants.map(async (listed) => {
        const { name, hash: itemHash } = listed;
        return known.get(`${name} ${itemHash}`) ?? { name, hash: itemHash, part: (await findTenant(listed)).part };
      }),
    );
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

/** For the audit trail, which reads the table's changes. */
function saidBy({ at, principal }: TenantChange): Item {
  return { at: { N: String(at) }, principal: { S: principal } };
}

/** Replaces the list, unless another change came first. @returns whether it did */
export function createWriteList({ call, table, mac }: TenantStore) {
  return (before: TenantList, tenants: readonly ListedTenant[], by: TenantChange): Promise<boolean> =>
    callDependency('dynamodb', async () => {
      const version = before.version + 1;
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
