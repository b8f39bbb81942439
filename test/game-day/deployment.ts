// The deployment that game days are played on: the local stack with the demonstration policy, an issuer of ours that can fail and
// change its keys, and the probe of docs/runbooks/revocation-latency.md. I/O: the local stack, a server on loopback, a folder.
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Fault, RecordedCall } from '../../infra/local/protocol/calls.ts';
import { type LocalStack, startLocalStack } from '../local-stack.ts';
import { type LoopbackServer, serveHttp } from '../shared/issuers/loopback-server.ts';
import { makeKey, signCompact, type TestKey } from '../world.ts';

const root = join(import.meta.dirname, '../..');

/** Its tokens are good for orders-api; its keys are fetched, as those of real issuers are. */
const partnerPolicy = (url: string): string => `version: 1
issuers:
  partner: { url: "${url}", audience: https://sts.acme.example, claims: { team: string } }
rules:
  - { id: orders-from-partner, from: partner, match: { team: blue }, grant: { audience: orders-api, scopes: [orders:read] } }
`;

export interface Partner {
  /** A token signed with the key it has now, or with one it had. */
  readonly token: (key?: TestKey) => string;
  /** Its key is another from now on. @returns the one before */
  readonly changeKey: () => TestKey;
  /** Whether it answers. */
  readonly serve: (isUp: boolean) => void;
}

export interface Deployment {
  readonly stack: LocalStack;
  /** Where its commands run. */
  readonly folder: string;
  readonly partner: Partner;
  /** What every call of AWS suffers that `which` is true of, until it is ended. */
  readonly suffer: (which: (call: RecordedCall) => boolean, fault: Fault) => void;
  readonly recover: () => void;
  /** Every function starts anew, as after a deployment. */
  readonly restart: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export async function startDeployment(): Promise<Deployment> {
  const folder = mkdtempSync(join(tmpdir(), 'cambio-game-day-'));
  const { server, partner } = await startPartner();
  let faultOf: (call: RecordedCall) => Fault | undefined = () => undefined;
  copyFileSync(join(root, 'infra/policy/demonstration.yaml'), join(folder, 'demonstration.yaml'));
  writeFileSync(join(folder, 'partner.yaml'), partnerPolicy(server.url));
  writeFileSync(join(folder, 'probe.yaml'), `version: 1\n${probePolicy()}`);
  // One of each function: what it remembers, no other one lacks.
  const stack = await startLocalStack({ policy: folder, environments: 1, fault: (call) => faultOf(call) });
  return {
    stack,
    folder,
    partner,
    suffer: (which, fault) => {
      faultOf = (call) => (which(call) ? fault : undefined);
    },
    recover: () => {
      faultOf = () => undefined;
    },
    restart: () => restart(stack),
    close: async () => {
      await stack.close();
      await server.close();
      rmSync(folder, { recursive: true });
    },
  };
}

async function restart(stack: LocalStack): Promise<void> {
  const running = async () => (await stack.functions()).flatMap(({ pids }) => pids);
  for (const pid of await running()) process.kill(pid, 'SIGKILL');
  while ((await running()).length > 0) await wait(10);
}

/** As the runbook has it, word for word. */
function probePolicy(): string {
  const page = readFileSync(join(root, 'docs/runbooks/revocation-latency.md'), 'utf8');
  const [, yaml] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
  if (yaml === undefined) throw new Error('the runbook has no policy for the probe');
  return yaml;
}

async function startPartner(): Promise<{ readonly server: LoopbackServer; readonly partner: Partner }> {
  let [key, count, isUp] = [makeKey('partner-1'), 1, true];
  const server = await serveHttp((request, response) => {
    if (!isUp) return void request.socket.destroy();
    const documents: Readonly<Record<string, object>> = {
      '/.well-known/openid-configuration': { issuer: server.url, jwks_uri: `${server.url}/keys` },
      '/keys': { keys: [key.publicJwk] },
    };
    const document = documents[request.url ?? ''];
    response.writeHead(document ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(document));
  });
  const token = (signer = key): string => {
    const now = Math.floor(Date.now() / 1_000);
    const claims = { iss: server.url, sub: 'worker', aud: 'https://sts.acme.example', iat: now, exp: now + 300 };
    return signCompact(
      JSON.stringify({ alg: 'ES256', kid: signer.kid, typ: 'JWT' }),
      JSON.stringify({ ...claims, jti: crypto.randomUUID(), team: 'blue' }),
      signer,
    );
  };
  const changeKey = (): TestKey => {
    const before = key;
    count += 1;
    key = makeKey(`partner-${count}`);
    return before;
  };
  const serve = (up: boolean): void => {
    isUp = up;
  };
  return { server, partner: { token, changeKey, serve } };
}
