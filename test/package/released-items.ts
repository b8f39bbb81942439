// Writes test/shared/aws/records/released-items.json: what the present version leaves in the table, for the next one to read.
import { writeFileSync } from 'node:fs';
import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { createFindDecision } from '../../shared/aws/records/decision-records.ts';
import { clientOf, createTable, directCallOf, engines } from '../dynamodb-engines.ts';
import { granted, referred, refused, writeOneOfEach } from '../shared/aws/one-of-each.ts';

const table = 'records';

/** JSON as DynamoDB's own API has it: bytes in base64. */
const jsonOf = (value: unknown): string =>
  JSON.stringify(
    value,
    (_, one: unknown) => {
      if (one instanceof Set) return [...one];
      return isBytes(one) ? Buffer.from(Object.values(one)).toString('base64') : one;
    },
    2,
  );

function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array;
}

const [engine] = engines.filter(({ available }) => available);
if (!engine) throw new Error('there is no DynamoDB to write to');
const running = await engine.start();
const [client, call] = [clientOf(running), directCallOf(running)];
await createTable(client, {
  TableName: table,
  AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  BillingMode: 'PAY_PER_REQUEST',
});
await writeOneOfEach(call, table);
const { Items = [] } = await client.send(new ScanCommand({ TableName: table }));
const items = Items.toSorted((one, other) => ((one['pk']?.S ?? '') < (other['pk']?.S ?? '') ? -1 : 1));
const find = createFindDecision(call, table);
const decisions: Record<string, unknown> = {};
for (const id of [granted, refused, referred]) decisions[id] = await find(id);
writeFileSync(
  new URL('../shared/aws/records/released-items.json', import.meta.url),
  `${jsonOf({ items, decisions })}\n`,
);
client.destroy();
await running.close();
