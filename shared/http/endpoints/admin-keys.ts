// /admin/keys, for callers API Gateway has authenticated with IAM, and the task that rotates the keys. One line of the log for every
// change; durable before it is answered. No I/O of its own.
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { causesOf } from '../../causes.ts';
import { type SigningKey, useOf } from '../../oauth/jose/keyring.ts';
import { keptFor } from '../../oauth/keys/key-times.ts';
import { revokeKey } from '../../oauth/keys/revoke-key.ts';
import { type RotateCapabilities, rotate } from '../../oauth/keys/rotate.ts';
import { dueStep, nextKey, promotedAt, type RotationTerms, rotatedFrom, sinceOf } from '../../oauth/keys/rotation.ts';
import { isListed } from '../../oauth/revocation/listing.ts';
import type { RecordRevocation } from '../../oauth/revocation/revocation.ts';
import type { CompiledPolicy } from '../../policy/compiled-policy.ts';
import { adminEndpoint } from '../admin-endpoint.ts';
import { json } from '../api-gateway.ts';
import { reportedAs } from '../errors.ts';
import type { WriteLog } from '../log.ts';
import { type EndsSessions, endSessionsOf } from './admin-revocations.ts';

export interface AdminKeysEndpoint extends Omit<RotateCapabilities, 'onStep'>, EndsSessions {
  readonly policy: CompiledPolicy;
  readonly recordRevocation: RecordRevocation;
  /** Seconds a revocation is kept. */
  readonly keptFor: number;
  readonly write: WriteLog;
}

type IamEvent = Pick<APIGatewayProxyEvent, 'requestContext'>;
type KeyEvent = IamEvent & Pick<APIGatewayProxyEvent, 'pathParameters'>;

/** The Lambda handler of `GET /admin/keys`: 200 with `{keys}`, 503. */
export function keysEndpoint({ policy, store, terms, write }: AdminKeysEndpoint) {
  const respond = async () => json(200, { keys: shown((await store.read()).keys, terms) });
  return adminEndpoint<IamEvent>({ name: 'keys', policy, respond }, write);
}

/**
 * The Lambda handler of `POST /admin/keys/rotate`: every key that signs gets a successor, at once where that one has been published
 * for long enough, and as soon as it has been where not. 200 with `{keys}`, 503.
 */
export function rotateKeysEndpoint(endpoint: AdminKeysEndpoint) {
  const { policy, store, terms, now, write } = endpoint;
  const respond = async (_event: IamEvent, principal: string): Promise<APIGatewayProxyResult> => {
    const item = await store.read();
    if (!(await store.replace(item, rotatedFrom(item.keys, now())))) return changing();
    write('info', 'keys_rotated', { principal });
    return json(200, { keys: shown(await rotate({ ...endpoint, onStep: stepWriter(write) }), terms) });
  };
  return adminEndpoint({ name: 'keys_rotated', policy, respond }, write);
}

/** The Lambda handler of `POST /admin/keys/{kid}/revoke`: 200 with what became of it, 404 where there is no such key, 503. */
export function revokeKeyEndpoint(endpoint: AdminKeysEndpoint) {
  const { policy, terms, write } = endpoint;
  const respond = async (event: KeyEvent, principal: string): Promise<APIGatewayProxyResult> => {
    const kid = event.pathParameters?.['kid'] ?? '';
    const revokeSignedBy = signedByRevocation(principal, endpoint);
    const revoked = await revokeKey(kid, { ...endpoint, onStep: stepWriter(write), revokeSignedBy });
    if (!revoked) return json(404, { error: 'invalid_request', error_description: 'there is no such key' });
    const { kids, successor, keys, believedUntil } = revoked;
    const aws = await endSessionsOf({ by: 'key', value: kid }, endpoint);
    write('info', 'key_revoked', { kids, successor, principal });
    return json(200, {
      ...{ kid, kids, use: useOf({ kid }), ...(successor !== undefined && { successor }), aws },
      verifiers: { believed_until: believedUntil, ...verifiersWords },
      keys: shown(keys, terms),
    });
  };
  return adminEndpoint({ name: 'key_revoked', policy, respond }, write);
}

const verifiersWords = {
  here: 'everything it signed is refused from now on, and what was exchanged from that',
  elsewhere:
    'a verifier that checks signatures alone takes its tokens until they expire or it has read the JWK Set again: by believed_until where it heeds cache lifetimes; one that reads the JWK Set only for keys it does not know has to be restarted',
} as const;

/**
 * The Lambda handler of the schedule: takes every step that is due. It fails where one cannot be taken, and says either way for how
 * long the first of them has been waiting.
 */
export function keyRotationTask(endpoint: AdminKeysEndpoint): () => Promise<void> {
  const { store, terms, now, write } = endpoint;
  const lag = async () => {
    const due = dueStep((await store.read()).keys, now(), terms);
    return { rotation_lag: due ? now() - due.since : 0 };
  };
  return async () => {
    await rotate({ ...endpoint, onStep: stepWriter(write) }).catch(async (error: unknown) => {
      write('error', 'key_rotation', { cause: causesOf(error) }, await lag().catch(() => ({})));
      throw error;
    });
    write('info', 'key_rotation', {}, await lag().catch(reportedAs(write, 'key_rotation')));
  };
}

function stepWriter(write: WriteLog): RotateCapabilities['onStep'] {
  return ({ kind, ...of }) =>
    write('info', 'key_step', { step: kind, ...('kid' in of ? { kid: of.kid } : of.purpose) });
}

function signedByRevocation(principal: string, { recordRevocation, policy, now, keptFor: kept }: AdminKeysEndpoint) {
  return async (kid: string, issuedBefore: number): Promise<void> => {
    const at = now();
    await recordRevocation({
      ...{ by: 'key', value: kid, issuedBefore, reason: 'the key was revoked', at, principal },
      // After `issuedBefore` as long as after any other.
      expiresAt: issuedBefore + kept,
      listed: isListed(policy),
    });
  };
}

/** What becomes of each key, and when. Times are epoch seconds. */
function shown(keys: readonly SigningKey[], { every }: RotationTerms) {
  return keys.map((key) => ({
    ...{ kid: key.kid, use: useOf(key), alg: key.alg, state: key.state, key_id: key.keyId, since: sinceOf(key) },
    ...(key.createdAt !== undefined && { created_at: key.createdAt }),
    ...comingOf(key, keys, every),
  }));
}

function comingOf(key: SigningKey, keys: readonly SigningKey[], every: number) {
  const purpose = { use: useOf(key), alg: key.alg };
  const current = keys.find((one) => one.state === 'current' && one.alg === key.alg && useOf(one) === purpose.use);
  if (key.state === 'next' && (key.publishedAt !== undefined || !current)) {
    return { signs_from: promotedAt(key, current, every) };
  }
  if (key.state === 'previous') return { published_until: sinceOf(key) + keptFor };
  const next = nextKey(keys, purpose);
  return key.state === 'current' && next?.publishedAt !== undefined
    ? { signs_until: promotedAt(next, key, every) }
    : {};
}

function changing(): APIGatewayProxyResult {
  const description = 'the keyring is being changed; come again';
  return json(503, { error: 'temporarily_unavailable', error_description: description }, { 'Retry-After': '1' });
}
