// What a Cambio with a role answers, both ways: POST /token and GET /credentials.
import { type FakeServer, fakeServer, granting, type Received, type Reply } from './fake-server.ts';

export const arn = 'arn:aws:iam::111122223333:role/deploy-prod';
const decision = '6f1c1d3e-8a4b-4c2d-9e0f-0123456789ab';

export interface FakeRoles {
  readonly server: FakeServer;
  /** How long the next credentials live, seconds. */
  life: number;
  /** What is answered instead of credentials. */
  failure: Reply | undefined;
  /** Runs before a request is answered. */
  asked: (() => void) | undefined;
}

/** Credentials that say which they are: `AKID1`, `AKID2` and so on. */
export async function fakeRoles(): Promise<FakeRoles> {
  const world: Omit<FakeRoles, 'server'> = { life: 3_600, failure: undefined, asked: undefined };
  let made = 0;
  const credentials = () => {
    made += 1;
    const Expiration = new Date(Date.now() + world.life * 1_000).toISOString().replace(/\.\d+/, '');
    return { AccessKeyId: `ASIA${made}`, SecretAccessKey: `secret/+${made}`, session: `session/+=${made}`, Expiration };
  };
  const bearer = ({ headers }: Received): boolean => /^(?:Bearer )?ey/.test(headers.authorization ?? '');
  const server = await fakeServer({
    ...granting,
    '/token': () => {
      if (world.failure) return world.failure;
      const { session, ...keys } = credentials();
      const access_token = JSON.stringify({ Version: 1, ...keys, SessionToken: session });
      return { body: { access_token, token_type: 'N_A', expires_in: world.life } };
    },
    '/credentials': (received) => {
      world.asked?.();
      if (world.failure) return world.failure;
      if (!bearer(received)) return { status: 401, body: { code: 'invalid_request', message: 'no token' } };
      const { session, ...keys } = credentials();
      return { body: { ...keys, Token: session, AccountId: '111122223333', RoleArn: arn } };
    },
  });
  return Object.assign(world, { server });
}

export const refusedRole: Reply = {
  status: 403,
  body: { code: 'invalid_target', message: 'the role is not available', decision_id: decision },
};
export const busyRole: Reply = {
  status: 503,
  headers: { 'retry-after': '1' },
  body: { code: 'temporarily_unavailable', message: 'try again later' },
};
