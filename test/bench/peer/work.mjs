// The work beside the protocol that an exchange of ours does, for those who are compared with it: what is read before a token is
// issued, the signature, what is recorded, the line in the log.
import { createPublicKey, randomUUID, verify } from 'node:crypto';

const table = 'records';
const filler = 'x'.repeat(100);

/**
 * @param {(service: 'dynamodb' | 'kms', operation: string, input: object) => Promise<any>} call
 * @param {{ keyId: string, signingJwk: object }} world
 */
export function workOver(call, { keyId, signingJwk }) {
  const publicKey = createPublicKey({ key: signingJwk, format: 'jwk' });
  return {
    /** Eight keys in one strongly consistent read; throws when there is any of them. */
    readHolds: async (sub) => {
      const keys = Array.from({ length: 8 }, (_, n) => ({
        pk: { S: `#revoked#${n}#${sub.padEnd(64, '0').slice(0, 64)}` },
      }));
      const { Responses } = await call('dynamodb', 'BatchGetItem', {
        RequestItems: { [table]: { Keys: keys, ConsistentRead: true } },
      });
      if (Responses[table].length > 0) throw new Error('revoked');
    },
    /** In DER, as KMS answers. */
    sign: async (input, { verified }) => {
      const Message = Buffer.from(input).toString('base64');
      const message = { KeyId: keyId, Message, MessageType: 'RAW', SigningAlgorithm: 'ECDSA_SHA_256' };
      const { Signature } = await call('kms', 'Sign', message);
      const signature = Buffer.from(Signature, 'base64');
      if (verified && !verify('sha256', Buffer.from(input), publicKey, signature)) throw new Error('not verified');
      return signature;
    },
    /** @param bytes about how much is recorded beside the claims */
    record: (jti, claims, bytes) =>
      call('dynamodb', 'PutItem', {
        TableName: table,
        Item: {
          pk: { S: `AccessToken:${jti}` },
          payload: { S: JSON.stringify(claims) },
          expiresAt: { N: String(claims.exp) },
          ...(bytes > 0 && { trace: { S: filler.repeat(bytes / 100) } }),
        },
        ...(bytes > 0 && { ConditionExpression: 'attribute_not_exists(pk)' }),
      }),
    find: async (jti) => {
      const key = { pk: { S: `AccessToken:${jti}` } };
      const { Item } = await call('dynamodb', 'GetItem', { TableName: table, Key: key });
      return Item && JSON.parse(Item.payload.S);
    },
    /** 1.4 KB. */
    log: (claims) => {
      const line = { level: 'INFO', timestamp: new Date(), request_id: randomUUID(), claims, trace: filler.repeat(9) };
      process.stdout.write(`${JSON.stringify(line)}\n`);
    },
  };
}

/** r‖s of a DER signature by P-256. */
export function joseSignature(der) {
  const rLength = der[3];
  const r = der.subarray(4, 4 + rLength);
  const s = der.subarray(6 + rLength);
  const out = Buffer.alloc(64);
  for (const [integer, end] of [
    [r, 32],
    [s, 64],
  ]) {
    const bytes = integer.subarray(Math.max(0, integer.length - 32));
    bytes.copy(out, end - bytes.length);
  }
  return out;
}
