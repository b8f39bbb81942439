// DynamoDB and KMS as the measured processes call them, answering at once or after a delay. Keeps what the peer's opaque
// tokens need, and counts; signatures are real. Checks nothing: it is never measured.
import { createPrivateKey, sign } from 'node:crypto';
import { createServer } from 'node:net';
import { messageReader } from './http-messages.mjs';

/** @param {{ keyring: string, signingKey: string }} world what GetItem finds, and the PEM that KMS signs with */
export async function startAwsStub({ keyring, signingKey }) {
  const key = createPrivateKey(signingKey);
  // A number alone: of a million keys this process would collect the garbage beside the one that is measured, and slow it down.
  let filled = 0;
  const tokens = new Map();
  const state = { delays: { kms: 0, dynamodb: 0 }, trace: undefined };
  let positions = 0;
  const find = (pk) => {
    if (pk === '#keyring') return { pk: { S: pk }, keys: { S: keyring }, version: { N: '1' }, mac: { S: 'AA==' } };
    if (isRevoked(pk, filled)) return { pk: { S: pk }, issuedBefore: { N: '1' }, expiresAt: { N: '9999999999' } };
    return tokens.get(pk);
  };
  const operations = {
    Sign: ({ KeyId, Message, SigningAlgorithm }) => {
      const signature = sign('sha256', Buffer.from(Message, 'base64'), key);
      return { KeyId, Signature: signature.toString('base64'), SigningAlgorithm };
    },
    GetItem: ({ Key }) => {
      const Item = find(Key.pk.S);
      return Item ? { Item } : {};
    },
    BatchGetItem: ({ RequestItems }) => {
      const tables = Object.entries(RequestItems);
      const found = tables.map(([name, { Keys }]) => [name, Keys.flatMap(({ pk }) => find(pk.S) ?? [])]);
      return { Responses: Object.fromEntries(found), UnprocessedKeys: {} };
    },
    PutItem: ({ Item }) => {
      if (Item.pk.S.startsWith('AccessToken:') && tokens.size < 1_000) tokens.set(Item.pk.S, Item);
      return {};
    },
    VerifyMac: ({ KeyId }) => ({ KeyId, MacValid: true, MacAlgorithm: 'HMAC_SHA_256' }),
    UpdateItem: ({ Key, ExpressionAttributeNames: names, ExpressionAttributeValues: values }) => {
      if (Key.pk.S.includes('#quota#')) {
        // A bucket that is always full: no row measures refusals.
        const fullAt = Number(values[':full'].N) + Number(values[':taken'].N);
        return { Attributes: { [names['#period']]: { N: String(fullAt) } } };
      }
      positions += 64;
      return { Attributes: { positions: { N: String(positions) } } };
    },
  };
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {});
    const read = messageReader((head, body) => {
      const action = /\r\nx-amz-target: *\w+\.(\w+)/i.exec(head)?.[1] ?? '';
      const input = JSON.parse(body.toString());
      const from = performance.now();
      const output = JSON.stringify(operations[action](input));
      const delay = action === 'Sign' ? state.delays.kms : state.delays.dynamodb;
      const send = () => {
        state.trace?.push({ action, input, from, to: performance.now() });
        socket.write(answerOf(action, output));
      };
      if (delay > 0) setTimeout(send, delay);
      else send();
    });
    socket.on('data', read);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: server.address().port,
    /** How many revocations of other tokens the table holds. */
    fill: (count) => {
      filled = count;
    },
    delay: (delays) => {
      state.delays = delays;
    },
    trace: () => {
      state.trace = [];
    },
    /** The calls since `trace`, in the order they were answered. */
    traced: () => {
      const calls = state.trace ?? [];
      state.trace = undefined;
      return calls;
    },
  };
}

/** The revocations that the table holds are of tokens that are named by their number. */
const isRevoked = (pk, count) => /^#revoked#jti#\d{64}$/.test(pk) && Number(pk.slice(-64)) < count;

function answerOf(action, output) {
  const version = action === 'Sign' ? '1.1' : '1.0';
  return `HTTP/1.1 200 OK\r\nx-amzn-RequestId: ${'R'.repeat(52)}\r\nContent-Type: application/x-amz-json-${version}\r\nContent-Length: ${Buffer.byteLength(output)}\r\n\r\n${output}`;
}
