// Tenants put at run time: the endpoint, its store and a reader of it, in memory (docs/tenants.md).
import { createHmac, randomUUID } from 'node:crypto';
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import { describe, expect, test } from 'vitest';
import { compileTenant } from '../../../../infra/policy/compile-tenant.ts';
import type { CallDynamoDb, Item } from '../../../../shared/aws/dynamodb.ts';
import { createCurrentPolicy } from '../../../../shared/aws/policy/current-policy.ts';
import type { MacCalls } from '../../../../shared/aws/policy/tenant-mac.ts';
import {
  createEndTenant,
  createFindTenant,
  createReadList,
  createReadParts,
  createWriteList,
  createWriteTenant,
} from '../../../../shared/aws/policy/tenant-store.ts';
import {
  findTenantEndpoint,
  putTenantEndpoint,
  removeTenantEndpoint,
} from '../../../../shared/http/endpoints/admin-tenants.ts';
import type { Audience, CompiledPolicy, TenantSource } from '../../../../shared/policy/compiled-policy.ts';
import type { ListedTenant } from '../../../../shared/policy/stored-tenant.ts';
import { partFormat, withParts } from '../../../../shared/policy/tenant-parts.ts';
import { tenantPolicy } from '../../../infra/policy/tenant-world.ts';
import { formBody, makeWorld, now, run, subjectToken, verdict } from '../../../world.ts';
import { selfSigned } from '../../issuers/certificate.ts';

const table = 'tenants: { source: table }\nexports: { audiences: { shared: [partner] } }\n';
type Deployed = CompiledPolicy & { readonly tenants: TenantSource };
const deployed = tenantPolicy({ '': table }) as Deployed;

const yaml = `version: 1
issuers:
  idp: { url: https://idp.partner.example, audience: https://sts.partner.example, claims: github-actions }
audiences:
  api: { resource: https://api.partner.example, scopes: [read] }
rules:
  - { id: main, from: idp, match: { ref: refs/heads/main }, grant: { audience: api, scopes: [read] } }
`;
const tests = `version: 1
tests:
  - name: main
    issuer: idp
    claims: { sub: a, ref: refs/heads/main }
    request: { audience: api }
    expect: { allow: true, rule: main }
`;
const times = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 86_400_000) };
const { cert: certificate } = selfSigned({ ...times, ip: '192.0.2.7' });
/** Issuers whose claims, once compiled, are many times their text. */
const profiled = (count: number): string =>
  Array.from(
    { length: count },
    (_, at) => `  i${at}: { url: "https://i.example", audience: "${at}.a", claims: gitlab }\n`,
  ).join('');
const joined = `${yaml}  - { id: to-shared, from: idp, match: { ref: refs/heads/main }, grant: { audience: shared, scopes: [read] } }
imports: { audiences: [shared] }
`;

function makeStore(policy: Deployed = deployed, items = new Map<string, Item>(), certificates = false) {
  let reads = 0;
  const call = (async (operation: string, input: Readonly<Record<string, never>>) => {
    const { Key, Item: item, ConditionExpression, ExpressionAttributeValues } = input as Readonly<Record<string, Item>>;
    if (operation === 'GetItem') {
      reads += 1;
      const found = items.get(Key?.['pk']?.S ?? '');
      return found ? { Item: found } : {};
    }
    if (operation === 'UpdateItem') {
      const key = Key?.['pk']?.S ?? '';
      const found = items.get(key);
      if (!found) throw Object.assign(new Error(), { name: 'ConditionalCheckFailedException' });
      const { ':end': expiresAt, ':at': at, ':principal': by } = ExpressionAttributeValues as Item;
      items.set(key, { ...found, expiresAt, at, principal: by } as Item);
      return {};
    }
    const pk = item?.['pk']?.S ?? '';
    const before = ExpressionAttributeValues?.[':before']?.N;
    const fails = ConditionExpression !== undefined && items.get(pk)?.['version']?.N !== before;
    if (fails) throw Object.assign(new Error(), { name: 'ConditionalCheckFailedException' });
    items.set(pk, item as Item);
    return {};
  }) as unknown as CallDynamoDb;
  const macOf = (message: Buffer, key = 'key') => createHmac('sha256', key).update(message).digest('base64');
  const mac: MacCalls = {
    generate: async (message) => macOf(message),
    verify: async (message, given) => macOf(message) === given,
  };
  const faults: string[] = [];
  const store = { call, table: 'records', mac, onFault: (fault: string) => void faults.push(fault) };
  const lines: unknown[] = [];
  const endpoint = {
    policy,
    compile: (files: Parameters<typeof compileTenant>[0]) => compileTenant(files, policy, { certificates }),
    readList: createReadList(store),
    findTenant: createFindTenant(store),
    writeTenant: createWriteTenant(store),
    endTenant: createEndTenant(store),
    writeList: createWriteList(store),
    newId: randomUUID,
    now: () => now,
    write: (...line: unknown[]) => void lines.push(line),
  };
  const send = async (make: typeof putTenantEndpoint, name: string, body?: object) => {
    const event = {
      body: body === undefined ? null : JSON.stringify(body),
      isBase64Encoded: false,
      headers: {},
      pathParameters: { name },
      requestContext: { identity: { userArn: 'arn:aws:iam::111122223333:user/op' } },
    };
    const answer = await make(endpoint)(event as unknown as APIGatewayProxyEvent, {} as Context);
    const { statusCode, body: text } = answer as APIGatewayProxyResult;
    return { status: statusCode, ...(text === '' ? {} : JSON.parse(text)) };
  };
  return {
    ...{ items, store, faults, lines, endpoint, reads: () => reads },
    put: (name: string, files: object = { yaml, tests }) => send(putTenantEndpoint, name, files),
    get: (name: string) => send(findTenantEndpoint, name),
    remove: (name: string) => send(removeTenantEndpoint, name),
  };
}

function readerOf(world: ReturnType<typeof makeStore>, policy: CompiledPolicy = deployed) {
  let clock = 0;
  const left: (readonly string[])[] = [];
  const failures: unknown[] = [];
  const current = createCurrentPolicy({
    deployed: policy,
    readParts: createReadParts(world.store),
    clock: () => clock,
    onLeft: (tenants) => left.push(tenants),
    onUnread: (cause) => failures.push(cause),
  });
  const passing = (seconds: number): void => {
    clock += seconds * 1_000;
  };
  return { current, left, failures, pass: passing };
}

const token = subjectToken({ iss: 'https://idp.partner.example', aud: 'https://sts.partner.example' });
const ask = async (policy: CompiledPolicy, audience: string) =>
  verdict(await run(formBody({ subject_token: token, audience }), makeWorld({}, policy)));

describe('a tenant put at run time', () => {
  test('is compiled, tested, kept, in force for readers within 60 s, and gone as soon', async () => {
    const world = makeStore();
    const reader = readerOf(world);
    expect(await ask(await reader.current(), 'partner/api')).toBe('invalid_request/issuer');
    const put = await world.put('partner');
    expect(put).toMatchObject({ status: 200, name: 'partner', at: now, warnings: [] });
    expect(await world.get('partner')).toMatchObject({ status: 200, yaml, tests, hash: put.hash });
    expect(world.lines).toContainEqual([
      'info',
      'tenant',
      expect.objectContaining({ name: 'partner', hash: put.hash }),
    ]);
    reader.pass(60);
    expect(await ask(await reader.current(), 'partner/api')).toBe('granted');
    expect(await ask(await reader.current(), 'shared')).toBe('invalid_target/no_rule');
    expect(await world.remove('partner')).toEqual({ status: 204 });
    expect(await world.get('partner')).toMatchObject({ status: 404 });
    expect(await world.remove('partner')).toEqual({ status: 204 });
    reader.pass(60);
    expect(await ask(await reader.current(), 'partner/api')).toBe('invalid_request/issuer');
  });

  test('costs a reader one item in a minute, and the same policy while nothing changes', async () => {
    const world = makeStore();
    await world.put('partner');
    const reader = readerOf(world);
    const first = await reader.current();
    const before = world.reads();
    reader.pass(49);
    expect(await reader.current()).toBe(first);
    expect(world.reads()).toBe(before);
    reader.pass(1);
    expect(await reader.current()).toBe(first);
    expect(world.reads()).toBe(before + 1);
  });

  test.each([
    ['a mistake', { yaml: `${yaml}nonsense: 1\n`, tests }, 'partner/policy.yaml:8:1: unknown key "nonsense"'],
    ['a test that fails', { yaml, tests: tests.replace('allow: true', 'allow: false') }, 'test "partner/main" failed'],
    ['no tests', { yaml, tests: 'version: 1\ntests: []\n' }, 'there are no tests'],
    ['a role', { yaml: `${yaml}roles: { r: { arn: "arn:aws:iam::111122223333:role/r" } }\n`, tests }, 'has no roles'],
    [
      'network',
      { yaml: yaml.replace('github-actions }', 'github-actions, network: private }'), tests },
      '"network" is not for',
    ],
    ['ca', { yaml: yaml.replace('github-actions }', 'github-actions, ca: ./ca.pem }'), tests }, '"ca" is not for'],
    [
      'introspection',
      {
        yaml: yaml.replace(
          'github-actions }',
          'github-actions, introspection: { url: https://i.example, client: c } }',
        ),
        tests,
      },
      '"introspection" is not for',
    ],
    [
      'a certificate of its own, which no trust store has',
      {
        yaml: `${yaml}clients:\n  c: { auth: { self_signed_tls_client_auth: { certificates: ${JSON.stringify(certificate)} } } }\n`,
        tests,
      },
      '"self_signed_tls_client_auth" is not for',
    ],
    [
      'a key that is not there',
      { yaml: yaml.replace('scopes: [read] }\nrules', 'alg: ES384, scopes: [read] }\nrules'), tests },
      'no key for ES384\n  hint: it signs tokens by ES256, RS256; another begins with an audience of the deployed policy',
    ],
    [
      'status lists that nobody signs',
      { yaml: yaml.replace('scopes: [read] }\nrules', 'status: true, scopes: [read] }\nrules'), tests },
      'signs no status lists by ES256\n  hint: it signs no status lists;',
    ],
    [
      'more than an item holds',
      { yaml: yaml.replace('audiences:', `${profiled(600)}audiences:`), tests },
      'and 350000 at most are kept',
    ],
    ['tenants of its own', { yaml: `${yaml}tenants: { source: table }\n`, tests }, 'a tenant has no tenants'],
    [
      'what the root does not export',
      { yaml: joined.replaceAll('shared', 'secret'), tests },
      'there is no audience "secret"',
    ],
    [
      'what another tenant has',
      { yaml: joined.replaceAll('[shared]', '[acme/api]').replaceAll('audience: shared', 'audience: acme/api'), tests },
      'not exported by the root policy',
    ],
  ])('is refused for %s', async (_, files, finding) => {
    const world = makeStore();
    const { status, error, findings } = await world.put('partner', files);
    expect({ status, error }).toEqual({ status: 400, error: 'invalid_request' });
    expect(findings.join('\n')).toContain(finding);
    expect(world.items.size).toBe(0);
    expect(await world.put('partner')).toMatchObject({ status: 200 });
  });

  test('is told where it wants certificates that no connection has', async () => {
    const files = {
      yaml: `${yaml.replace('scopes: [read] }\nrules', 'binding: mtls, scopes: [read] }\nrules')}clients:
  bank: { auth: { tls_client_auth: { san_dns: bank.example } } }
  other: { auth: { client_secret_basic: { sha256: ${'1f'.repeat(32)} } } }
`,
      tests,
    };
    const words = 'warning: no connection has a certificate here, and what needs one is refused';
    const without = await makeStore().put('partner', files);
    expect(without.status).toBe(200);
    expect(without.warnings.map((each: string) => each.split('\n')[0]?.replace(/:\d+:/, ':'))).toEqual([
      expect.stringMatching(new RegExp(`^partner/policy.yaml:\\d+: ${words}$`)),
      expect.stringMatching(new RegExp(`^partner/policy.yaml:\\d+: ${words}$`)),
    ]);
    expect(await makeStore(deployed, new Map(), true).put('partner', files)).toMatchObject({
      status: 200,
      warnings: [],
    });
  });

  test('imports what the root exports to it, as long as it does', async () => {
    const world = makeStore();
    expect(await world.put('partner', { yaml: joined, tests })).toMatchObject({ status: 200 });
    expect(await ask(await readerOf(world).current(), 'shared')).toBe('granted');
    const stranger = await makeStore().put('stranger', { yaml: joined, tests });
    expect(stranger.findings.join()).toContain('root does not export "shared" to stranger');
    const later = readerOf(world, tenantPolicy({ '': 'tenants: { source: table }\n' }));
    expect(await ask(await later.current(), 'partner/api')).toBe('invalid_request/issuer');
    expect(later.left).toEqual([['partner']]);
  });

  test('is left out where a later deployment has no key for it, or reads what is compiled in another way', async () => {
    const withKey = tenantPolicy({
      '': 'version: 1\ntenants: { source: table }\naudiences: { strong: { alg: ES384, scopes: [read] } }\n',
    }) as Deployed;
    const world = makeStore(withKey);
    const files = { yaml: yaml.replace('scopes: [read] }\nrules', 'alg: ES384, scopes: [read] }\nrules'), tests };
    expect(await world.put('partner', files)).toMatchObject({ status: 200 });
    const here = readerOf(world, withKey);
    expect(Object.keys((await here.current()).audiences)).toEqual(expect.arrayContaining(['partner/api']));
    expect(here.left).toEqual([]);
    const later = readerOf(world);
    expect(await ask(await later.current(), 'partner/api')).toBe('invalid_request/issuer');
    expect(later.left).toEqual([['partner']]);
    const part = (await world.endpoint.findTenant((await world.endpoint.readList()).tenants[0] as ListedTenant)).part;
    const named = { name: 'partner', hash: 'h', part };
    expect(withParts(withKey, [{ ...named, format: partFormat }]).left).toEqual([]);
    expect(withParts(withKey, [{ ...named, format: partFormat + 1 }]).left).toEqual(['partner']);
  });

  test('gives tokens for an audience of the root no longer than that allows today', async () => {
    const world = makeStore();
    await world.put('partner', {
      yaml: joined.replace('audience: shared, scopes: [read]', 'audience: shared, scopes: [read], ttl: 10m'),
      tests,
    });
    const lives = async (policy: CompiledPolicy): Promise<number> => {
      const outcome = await run(formBody({ subject_token: token, audience: 'shared' }), makeWorld({}, policy));
      return 'granted' in outcome ? outcome.granted.expires_in : 0;
    };
    expect(await lives(await readerOf(world).current())).toBe(600);
    const shorter = {
      ...deployed,
      audiences: { shared: { ...(deployed.audiences['shared'] as Audience), ttl: 60, maxTtl: 60 } },
    };
    expect(
      await lives(
        await readerOf(world, { ...shorter, audiences: { ...deployed.audiences, ...shorter.audiences } }).current(),
      ),
    ).toBe(60);
  });

  test('has what is once in the deployment alone: a name, a pair of url and audience, a resource', async () => {
    const world = makeStore();
    expect(await world.put('acme')).toMatchObject({ status: 409 });
    expect(await world.put('partner')).toMatchObject({ status: 200 });
    expect(await world.put('other')).toMatchObject({ status: 409 });
    expect(await world.put('other', { yaml: yaml.replace('sts.partner', 'sts.other'), tests })).toMatchObject({
      status: 409,
    });
    const own = yaml.replace('sts.partner', 'sts.other').replace('api.partner', 'api.other');
    expect(await world.put('other', { yaml: own, tests })).toMatchObject({ status: 200 });
    const ofRoot = yaml
      .replace('https://idp.partner', 'https://token.actions')
      .replace('https://sts.partner', 'https://sts.root');
    expect(await world.put('partner', { yaml: ofRoot, tests })).toMatchObject({ status: 409 });
    expect(await world.put('partner')).toMatchObject({ status: 200 });
  });

  test('is as long as its body may be, and still one item', async () => {
    const world = makeStore();
    const remark = `# ${'long '.repeat(6_000)}\n`;
    expect(await world.put('partner', { yaml: `${yaml}${remark}`, tests: `${tests}${remark}` })).toMatchObject({
      status: 200,
    });
    expect(await world.put('partner', { yaml: `${yaml}${remark}${remark}${remark}`, tests })).toMatchObject({
      status: 413,
    });
    expect(await world.get('partner')).toMatchObject({ yaml: `${yaml}${remark}` });
  });

  test('ends when it is replaced, removed or too late, a day after the last list that names it; what a list names does not', async () => {
    const world = makeStore();
    const ends = () =>
      [...world.items].flatMap(([key, item]) => (key.startsWith('#tenant#') ? [[key, item['expiresAt']?.N]] : []));
    const end = String(now + 86_400);
    const keyOf = ({ hash }: { readonly hash: string }) => `#tenant#partner#${hash}`;
    const first = await world.put('partner');
    expect(ends()).toEqual([[keyOf(first), undefined]]);
    // The same text again is another item: an end that is late is never that of what is in force.
    const second = await world.put('partner');
    expect(ends()).toEqual([
      [keyOf(first), end],
      [keyOf(second), undefined],
    ]);
    // Whoever still has the older list finds what it names.
    const listed = { name: 'partner', hash: first.hash, taken: [] };
    expect(await world.endpoint.findTenant(listed)).toMatchObject({ yaml, id: expect.any(String) });
    const { writeList } = world.endpoint;
    world.endpoint.writeList = async (before, tenants, by) => {
      world.endpoint.writeList = writeList;
      await writeList(before, before.tenants, by);
      return writeList(before, tenants, by);
    };
    expect(await world.put('partner')).toMatchObject({ status: 409 });
    expect(ends().map(([, at]) => at)).toEqual([end, undefined, end]);
    await world.remove('partner');
    expect(ends().map(([, at]) => at)).toEqual([end, end, end]);
    await world.remove('partner');
    expect(await world.put('partner')).toMatchObject({ status: 200 });
    expect(ends().map(([, at]) => at)).toEqual([end, end, end, undefined]);
  });

  test('of which the answer was lost, and which was written all the same, is put, and stays', async () => {
    const world = makeStore();
    const { writeList } = world.endpoint;
    world.endpoint.writeList = async (before, tenants, by) => {
      await writeList(before, tenants, by);
      return writeList(before, tenants, by);
    };
    expect(await world.put('partner')).toMatchObject({ status: 200 });
    expect(await world.get('partner')).toMatchObject({ status: 200, yaml });
    expect([...world.items.values()].flatMap(({ expiresAt }) => expiresAt ?? [])).toEqual([]);
    expect(await world.remove('partner')).toMatchObject({ status: 204 });
    expect(await world.get('partner')).toMatchObject({ status: 404 });
    expect([...world.items.values()].flatMap(({ expiresAt }) => expiresAt ?? [])).toHaveLength(1);
  });

  test('loses to a change that came first, which then both are', async () => {
    const world = makeStore();
    const list = await world.endpoint.readList();
    expect(await world.endpoint.writeList(list, [], { at: now, principal: 'somebody' })).toBe(true);
    expect(await world.endpoint.writeList(list, [], { at: now, principal: 'somebody' })).toBe(false);
    expect(await world.put('partner')).toMatchObject({ status: 200 });
  });

  test('is nobody’s but the administrators’: a list with another MAC, an older list, another item', async () => {
    const world = makeStore();
    await world.put('partner');
    const [pk, item] = [...world.items].find(([key]) => key === '#tenants') as [string, Item];
    const tampered = { ...item, doc: { S: (item['doc']?.S ?? '').replace('partner', 'nobody') } };
    world.items.set(pk, tampered);
    await expect(readerOf(world).current()).rejects.toMatchObject({
      denial: { kind: 'unavailable', dependency: 'dynamodb' },
    });
    world.items.set(pk, item);
    const reader = readerOf(world);
    expect(await ask(await reader.current(), 'partner/api')).toBe('granted');
    await world.remove('partner');
    reader.pass(60);
    expect(await ask(await reader.current(), 'partner/api')).toBe('invalid_request/issuer');
    world.items.set(pk, item);
    reader.pass(60);
    expect(await ask(await reader.current(), 'partner/api')).toBe('invalid_request/issuer');
    reader.pass(600);
    await expect(reader.current()).rejects.toMatchObject({ denial: { kind: 'unavailable' } });
    const body = [...world.items.keys()].find((key) => key.startsWith('#tenant#')) as string;
    world.items.set(body, { ...(world.items.get(body) as Item), doc: { S: '{}' } });
    await expect(readerOf(world).current()).rejects.toMatchObject({ denial: { kind: 'unavailable' } });
    expect(world.faults).toEqual(['mac', 'older', 'older', 'item']);
    // Without the list a reader of it goes on for ten minutes, and one that starts knows of no tenant: neither lets anybody in.
    const other = makeStore();
    await other.put('partner');
    const warm = readerOf(other);
    await warm.current();
    other.items.delete(pk);
    warm.pass(60);
    expect(await ask(await warm.current(), 'partner/api')).toBe('granted');
    warm.pass(600);
    await expect(warm.current()).rejects.toMatchObject({ denial: { kind: 'unavailable' } });
    expect(await ask(await readerOf(other).current(), 'partner/api')).toBe('invalid_request/issuer');
    expect(other.faults).toEqual(['missing', 'missing']);
    // A list that takes the place of one that is gone is later than that.
    expect(await makeStore(deployed, other.items).put('partner')).toMatchObject({ status: 200 });
    warm.pass(60);
    expect(await ask(await warm.current(), 'partner/api')).toBe('granted');
  });

  test('of one tenant is not taken for another’s: an item belongs to the hash that the list has', async () => {
    const world = makeStore();
    const own = yaml.replaceAll('partner.example', 'other.example');
    await world.put('partner');
    await world.put('other', { yaml: own, tests });
    const [partner, other] = [...world.items.keys()].filter((key) => key.startsWith('#tenant#')) as [string, string];
    const items = [world.items.get(partner), world.items.get(other)] as [Item, Item];
    await expect(readerOf(world).current()).resolves.toBeDefined();
    world.items.set(partner, { ...items[1], pk: { S: partner } });
    world.items.set(other, { ...items[0], pk: { S: other } });
    await expect(readerOf(world).current()).rejects.toMatchObject({ denial: { kind: 'unavailable' } });
  });

  test('is waited for a moment; the last one serves while the next is slow, and what is late counts for the next', async () => {
    const world = makeStore();
    const { call } = world.store;
    let release: () => void = () => {};
    let isSlow = false;
    const slow = (async (...args: Parameters<CallDynamoDb>) => {
      if (isSlow) await new Promise<void>((resolve) => (release = resolve));
      return call(...args);
    }) as CallDynamoDb;
    const reader = readerOf({ ...world, store: { ...world.store, call: slow } });
    expect(await ask(await reader.current(), 'partner/api')).toBe('invalid_request/issuer');
    await world.put('partner');
    isSlow = true;
    reader.pass(55);
    expect(await ask(await reader.current(), 'partner/api')).toBe('invalid_request/issuer');
    expect(reader.failures).toEqual([['Error: not read in 300 ms']]);
    isSlow = false;
    release();
    reader.pass(5);
    expect(await ask(await reader.current(), 'partner/api')).toBe('granted');
  });
});

test('what is malformed is told, and what is right beside it taken', async () => {
  const world = makeStore();
  for (const [name, files] of [
    ['Partner', { yaml, tests }],
    ['root', { yaml, tests }],
    ['partner', { yaml }],
    ['partner', { yaml, tests, more: 1 }],
    ['partner', { yaml: 1, tests }],
  ] as const) {
    expect(await world.put(name, files)).toMatchObject({ status: 400, error: 'invalid_request' });
  }
  expect(await world.put('partner')).toMatchObject({ status: 200 });
});
