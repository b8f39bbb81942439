// DynamoDB and KMS by the SDK's clients, with their defaults.
import { BatchGetItemCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { KMSClient, SignCommand } from '@aws-sdk/client-kms';

const commands = { BatchGetItem: BatchGetItemCommand, GetItem: GetItemCommand, PutItem: PutItemCommand };

/** @returns {(service: 'dynamodb' | 'kms', operation: string, input: object) => Promise<any>} as callsByHand, base64 included */
export function callsBySdk() {
  const dynamodb = new DynamoDBClient({});
  const kms = new KMSClient({});
  return async (service, operation, input) => {
    if (service === 'dynamodb') return dynamodb.send(new commands[operation](input));
    const { Signature } = await kms.send(new SignCommand({ ...input, Message: Buffer.from(input.Message, 'base64') }));
    return { Signature: Buffer.from(Signature).toString('base64') };
  };
}
