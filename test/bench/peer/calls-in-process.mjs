// DynamoDB and KMS in the process itself: a Map and a key.
import { createPrivateKey, sign } from 'node:crypto';

/**
 * @param {{ keyring: string, signingKey: string }} world
 * @returns {(service: 'dynamodb' | 'kms', operation: string, input: any) => Promise<any>}
 */
export function callsInProcess({ keyring, signingKey }) {
  const key = createPrivateKey(signingKey);
  const items = new Map([
    ['#keyring', { pk: { S: '#keyring' }, keys: { S: keyring }, version: { N: '1' }, mac: { S: 'AA==' } }],
  ]);
  const operations = {
    Sign: ({ Message }) => ({ Signature: sign('sha256', Buffer.from(Message, 'base64'), key).toString('base64') }),
    GetItem: ({ Key }) => ({ Item: items.get(Key.pk.S) }),
    BatchGetItem: ({ RequestItems }) => {
      const [name, { Keys }] = Object.entries(RequestItems)[0];
      return { Responses: { [name]: Keys.flatMap(({ pk }) => items.get(pk.S) ?? []) } };
    },
    PutItem: ({ Item }) => {
      // The first ones stay, so that memory does: nobody looks for the others.
      if (items.size < 1_000) items.set(Item.pk.S, Item);
      return {};
    },
  };
  return async (_service, operation, input) => operations[operation](input);
}
