// The Kubernetes manifests: what they forbid, and the sidecar run as a kubelet runs it.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { compiledOnce } from '../compiled-once.ts';
import { exchangeForm } from './agent/agent-world.ts';
import { commandOnce } from './command-once.ts';
import { type FakeRoles, fakeRoles } from './fake-roles.ts';
import { unsignedJwt } from './fake-server.ts';

const manifests = join(import.meta.dirname, '../../cli/kubernetes');

interface Container {
  readonly name: string;
  readonly args?: readonly string[];
  readonly restartPolicy?: string;
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly readOnly: boolean }[];
  readonly startupProbe?: { readonly exec: { readonly command: readonly string[] } };
  readonly securityContext?: object;
}
interface PodSpec {
  readonly serviceAccountName: string;
  readonly automountServiceAccountToken: boolean;
  readonly initContainers: readonly [Container];
  readonly containers: readonly [Container];
  readonly volumes: readonly [
    {
      readonly name: string;
      readonly projected: {
        readonly sources: readonly [{ readonly serviceAccountToken: object & { readonly path: string } }];
      };
    },
  ];
}
interface Resource {
  readonly kind: string;
  readonly automountServiceAccountToken?: boolean;
  readonly spec?: { readonly template: { readonly spec: PodSpec } };
}

const resources = readdirSync(manifests)
  .filter((name) => name.endsWith('.yaml'))
  .flatMap((name) =>
    parseAllDocuments(readFileSync(join(manifests, name), 'utf8')).map((each) => each.toJS() as Resource),
  );
const pod = resources.find(({ kind }) => kind === 'Deployment')?.spec?.template.spec as PodSpec;
const [sidecar] = pod.initContainers;
const [workload] = pod.containers;

describe('the pod', () => {
  test('has one token, for Cambio alone and short, where the agent looks for it; the default one nowhere', () => {
    expect(resources.find(({ kind }) => kind === 'ServiceAccount')?.automountServiceAccountToken).toBe(false);
    expect(pod.automountServiceAccountToken).toBe(false);
    const [{ name, projected }] = pod.volumes;
    expect(projected.sources[0].serviceAccountToken).toEqual({
      audience: 'https://sts.acme.example',
      expirationSeconds: 600,
      path: 'token',
    });
    expect(sidecar.volumeMounts).toEqual([{ name, mountPath: '/var/run/secrets/cambio', readOnly: true }]);
    expect(workload.volumeMounts).toBeUndefined();
  });

  test('starts the agent before the workload, without rights, on loopback', () => {
    expect(sidecar.restartPolicy).toBe('Always');
    expect(sidecar.args).toEqual(['agent', '--listen', '127.0.0.1:9911']);
    expect(sidecar.securityContext).toMatchObject({
      runAsNonRoot: true,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });

  test('nothing in the cluster gets a right but to read what is public', () => {
    const bindings = resources.filter(({ kind }) => /Role|Binding/.test(kind)) as (Resource & {
      readonly roleRef: { readonly name: string };
    })[];
    expect(bindings.map(({ roleRef }) => roleRef.name)).toEqual(['system:service-account-issuer-discovery']);
  });
});

describe('the sidecar, as a kubelet runs it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cambio-kubelet-'));
  const token = join(folder, pod.volumes[0].projected.sources[0].serviceAccountToken.path);
  const project = (jti: string) => writeFileSync(token, unsignedJwt({ jti }));
  let roles: FakeRoles;
  let url: string;
  let agent: ReturnType<typeof spawn>;
  beforeAll(async () => {
    writeFileSync(join(folder, 'cambio.mjs'), await commandOnce());
    roles = await fakeRoles();
    project('first');
    // A port of its own, and the mount elsewhere: this machine may have agents of others.
    const args = (sidecar.args ?? []).map((each) => each.replace(':9911', ':0'));
    const env = {
      ...compiledOnce,
      ...Object.fromEntries(sidecar.env.map(({ name, value }) => [name, value])),
      CAMBIO_URL: roles.server.url,
      CAMBIO_TOKEN_FILE: token,
    };
    agent = spawn(process.execPath, [join(folder, 'cambio.mjs'), ...args], {
      env,
      cwd: '/',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(agent.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    url = line
      .toString()
      .replace(/^ready /, '')
      .trim();
  });
  afterAll(async () => {
    if (agent.exitCode === null) agent.kill('SIGKILL');
    await roles.server.close();
    rmSync(folder, { recursive: true });
  });

  test('is started when its probe says so', async () => {
    const [program, ...args] = sidecar.startupProbe?.exec.command ?? [];
    expect(program).toBe('node');
    const probe = (to: string) =>
      new Promise((resolve) =>
        execFile(
          process.execPath,
          args.map((each) => each.replace('http://127.0.0.1:9911', to)),
          (error) => resolve(error?.code ?? 0),
        ),
      );
    expect(await probe(url)).toBe(0);
    expect(await probe('http://127.0.0.1:1')).toBe(1);
  });

  test('serves the address the workload has in its environment', async () => {
    const { value = '' } = workload.env.find(({ name }) => name === 'AWS_CONTAINER_CREDENTIALS_FULL_URI') ?? {};
    const response = await fetch(value.replace('http://127.0.0.1:9911', url));
    expect([response.status, await response.json()]).toMatchObject([200, { AccessKeyId: 'ASIA1' }]);
  });

  test('takes the token the kubelet has renewed', async () => {
    const jtiOf = (form: URLSearchParams) =>
      JSON.parse(Buffer.from(form.get('subject_token')?.split('.')[1] ?? '', 'base64url').toString()).jti;
    for (const [jti, audience] of [
      ['first', 'a'],
      ['second', 'b'],
    ] as const) {
      project(jti);
      await fetch(`${url}/token`, { method: 'POST', body: exchangeForm({ audience }) });
      expect(jtiOf(roles.server.at('/token').at(-1)?.form ?? new URLSearchParams())).toBe(jti);
    }
  });

  test('ends when the kubelet says so', async () => {
    const ended = once(agent, 'close');
    agent.kill('SIGTERM');
    expect((await ended)[0]).toBe(0);
  });
});
