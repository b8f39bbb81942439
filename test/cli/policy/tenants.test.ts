// What the commands about a policy say of one with tenants: names, hops, exports and own tokens.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decisionDocument } from '../../../shared/http/decision-document.ts';
import { decisionRecord } from '../../../shared/oauth/decision/decision-record.ts';
import { files } from '../../infra/policy/tenant-world.ts';
import { cambio } from '../cambio.ts';

let folder = '';
const now = 1_795_000_000;

type More = Readonly<Record<string, string>>;

function put(name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

/** A folder with the two tenants, `more` behind what they have; the root has another audience, `last`. */
function policyFolder(name: string, more: More = {}): string {
  for (const [tenant, text] of Object.entries(files)) {
    const whole = tenant === '' ? text.replace('audiences:\n', 'audiences:\n  last: { scopes: [read] }\n') : text;
    put(join(name, tenant === '' ? '' : join('tenants', tenant), 'policy.yaml'), `${whole}${more[tenant] ?? ''}`);
  }
  return join(folder, name);
}

const exporting = 'exports: { audiences: { shared: [acme] } }\n';
/** Tokens of acme's subjects get to an audience of the root, and from there to another, and act there. */
const crossing: More = {
  '': `  - { id: final, from: acme/self, client: portal, match: { aud: shared }, grant: { audience: last, scopes: [read] } }
  - { id: acted, from: github, actor: { from: acme/self, match: { aud: acme/api } }, match: { ref: refs/heads/x }, grant: { audience: last, scopes: [read] } }
${exporting}imports: { issuers: [acme/self], audiences: [acme/api] }
`,
  acme: `  - { id: to-shared, from: self, client: checkout, match: { aud: api }, grant: { audience: shared, scopes: [read] } }
imports: { audiences: [shared] }
exports: { issuers: [self], audiences: [api] }
`,
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cambio-cli-tenants-'));
  policyFolder('apart');
  policyFolder('exporting', { '': exporting });
  policyFolder('joined', crossing);
});
afterAll(() => rmSync(folder, { recursive: true }));

const foreign = (tenant: string) => ({
  iss: 'https://token.actions.example',
  aud: `https://sts.${tenant}.example`,
  sub: 'repo:acme/api',
  ref: 'refs/heads/main',
});
const own = { sub: 'acme/github|repo:acme/api', aud: 'acme/api', client_id: 'acme/github', scope: 'read' };

interface Hop {
  readonly rule: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly actor?: { readonly issuer: string; readonly claims: object };
}

describe('cambio policy reach', () => {
  const reach = async (policy: string, audience: string) => {
    const { exit, stdout, stderr } = await cambio(
      ...['policy', 'reach', '--policy', join(folder, policy), '--audience', audience, '--json'],
    );
    return { exit, stderr, ways: exit === 0 ? (JSON.parse(stdout).ways as { issuer: string; hops: Hop[] }[]) : [] };
  };

  test('names what is a tenant’s in full, and its foreign token by iss and aud', async () => {
    const { ways } = await reach('apart', 'acme/backend');
    expect(ways).toHaveLength(1);
    expect(ways[0]?.issuer).toBe('acme/github');
    expect(ways[0]?.hops).toMatchObject([
      { rule: 'acme/main', claims: { iss: 'https://token.actions.example', aud: 'https://sts.acme.example' } },
      { rule: 'acme/onward', client: 'acme/checkout', claims: { aud: 'acme/api', tenant: 'acme' } },
    ]);
    const bare = await reach('apart', 'backend');
    expect(bare).toMatchObject({ exit: 2, stderr: expect.stringContaining('backend is no audience: known: acme/api') });
    expect((await reach('apart', 'acme/apj')).stderr).toContain('did you mean acme/api?');
  });

  test('goes on over a tenant’s own tokens where the root lets it, and nobody else’s', async () => {
    expect((await reach('exporting', 'last')).ways).toEqual([]);
    const { ways } = await reach('joined', 'last');
    const acting = ways.find(({ hops }) => hops[0]?.actor);
    const others = ways.filter((way) => way !== acting);
    expect(others.map(({ issuer, hops }) => [issuer, ...hops.map(({ rule }) => rule)])).toEqual([
      ['acme/github', 'acme/main', 'acme/to-shared', 'final'],
    ]);
    expect(others[0]?.hops[2]?.claims).toMatchObject({ aud: 'shared', client_id: 'acme/checkout', tenant: 'acme' });
    expect(acting?.hops[0]?.actor).toEqual({
      issuer: 'acme/self',
      claims: { sub: 'somebody', aud: 'acme/api', tenant: 'acme' },
    });
  });

  test('says that tenants which come later are not in the policy', async () => {
    policyFolder('table', { '': 'tenants: { source: table }\n' });
    expect((await reach('table', 'shared')).stderr).toContain('tenants put at run time are not in the policy');
    expect((await reach('apart', 'shared')).stderr).not.toContain('run time');
  });
});

describe('cambio policy diff', () => {
  const diff = async (from: string, to: string) => {
    const { exit, stdout, stderr } = await cambio('policy', 'diff', join(folder, from), join(folder, to), '--json');
    if (exit === 2) throw new Error(stderr);
    const { gains, loses, undecided } = JSON.parse(stdout);
    const said = (changes: readonly { who: string; what: string }[]) =>
      changes.map(({ who, what }) => `${who}: ${what}`);
    return { exit, gains: said(gains), loses: said(loses), undecided };
  };

  test('finds nobody who gains by an export alone, and whom it lets in once it is imported and granted', async () => {
    expect(await diff('apart', 'exporting')).toEqual({ exit: 0, gains: [], loses: [] });
    const gains = ['github: last', 'acme/github: shared', 'acme/github: last'];
    const joined = await diff('exporting', 'joined');
    expect(joined).toMatchObject({ exit: 1, loses: [] });
    expect(new Set(joined.gains)).toEqual(new Set(gains));
    const back = await diff('joined', 'exporting');
    expect(back).toMatchObject({ exit: 0, gains: [] });
    expect(new Set(back.loses)).toEqual(new Set(gains));
  });

  test('counts a tenant’s new client for its own open rules, and not for another’s', async () => {
    const client = `version: 1
clients:
  later: { auth: { client_secret_basic: { sha256: ${'1f'.repeat(32)} } } }
`;
    const anyClient =
      '  - { id: all, from: github, client: any, match: { ref: refs/heads/x }, grant: { audience: api, scopes: [read] } }\n';
    policyFolder('open', { acme: anyClient });
    policyFolder('open-acme', { acme: anyClient });
    policyFolder('open-globex', { acme: anyClient });
    put('open-acme/tenants/acme/more.yaml', client);
    put('open-globex/tenants/globex/more.yaml', client);
    expect(await diff('open', 'open-acme')).toMatchObject({ exit: 1, gains: ['acme/github: acme/api'] });
    expect(await diff('open', 'open-globex')).toEqual({ exit: 0, gains: [], loses: [] });
  });

  test('says what tenants that are put at run time may name more', async () => {
    const table = (name: string, exports: string) =>
      policyFolder(name, { '': `tenants: { source: table }\n${exports}` });
    table('none', '');
    table('deployed', exporting);
    table('newco', 'exports: { audiences: { shared: [acme, newco] } }\n');
    table('all', 'exports: [shared]\n');
    expect((await diff('apart', 'none')).gains).toEqual(['tenants put at run time: parties and rules of their own']);
    expect(await diff('none', 'deployed')).toEqual({ exit: 0, gains: [], loses: [] });
    const named = 'tenants put at run time: audience shared, where newco imports it';
    expect(await diff('none', 'newco')).toEqual({ exit: 1, gains: [named], loses: [] });
    expect((await diff('newco', 'all')).gains).toEqual([
      'tenants put at run time: audience shared, where they import it',
    ]);
    expect((await diff('all', 'newco')).gains).toEqual([]);
  });
});

describe('cambio policy explain', () => {
  const explain = async (policy: string, claims: object, ...words: readonly string[]) => {
    const file = put('claims.json', JSON.stringify(claims));
    const path = join(folder, policy);
    const ran = await cambio(
      ...['policy', 'explain', '--policy', path, '--claims', file, '--now', String(now)],
      ...words,
    );
    return { ...ran, head: ran.stdout.split('\n')[0] };
  };

  test('finds the tenant of a foreign token by iss and aud', async () => {
    const asked = ['--audience', 'acme/api'];
    expect((await explain('apart', foreign('acme'), ...asked)).head).toBe('granted by acme/main, scope: read');
    expect((await explain('apart', foreign('globex'), ...asked)).head).toBe('refused: invalid_target, reason no_rule');
    const bare = await explain('apart', foreign('acme'), '--audience', 'backend');
    expect(bare).toMatchObject({ exit: 1, head: 'refused: invalid_target, reason target' });
    expect(bare.stderr).toContain('hint: backend is no audience and no role');
  });

  test('finds the tenant of an own token by its claim', async () => {
    const asked = ['--client', 'acme/checkout', '--audience', 'acme/backend'];
    const granted = 'granted by acme/onward, scope: read';
    expect((await explain('apart', { ...own, tenant: 'acme' }, '--issuer', 'self', ...asked)).head).toBe(granted);
    expect((await explain('apart', own, '--issuer', 'acme/self', ...asked)).head).toBe(granted);
    expect((await explain('apart', own, '--issuer', 'self', ...asked)).head).toContain('reason no_rule');
    const other = await explain('apart', { ...own, tenant: 'globex' }, '--issuer', 'acme/self', ...asked);
    expect(other.head).toBe('refused: invalid_request, reason issuer');
    expect(other.stdout).toContain('  ✗ subject.tenant: wanted "acme", got "globex"\n');
    const nobody = await explain('apart', own, '--issuer', 'nobody/self', ...asked);
    expect(nobody).toMatchObject({ exit: 2, stderr: expect.stringContaining('nobody/self is no issuer: known:') });
  });

  test('knows an actor of another tenant, and a client by its full name', async () => {
    const actor = put('actor.json', JSON.stringify(own));
    const subject = { ...foreign('root'), ref: 'refs/heads/x' };
    const asked = ['--audience', 'last', '--actor-claims', actor, '--actor-issuer'];
    expect((await explain('joined', subject, ...asked, 'acme/self')).head).toBe('granted by acted, scope: read');
    expect((await explain('joined', subject, ...asked, 'globex/self')).head).toContain('reason no_rule');
    const bare = await explain('apart', foreign('acme'), '--audience', 'acme/api', '--client', 'porta');
    expect(bare.stderr).toContain('porta is no client: did you mean portal?');
  });
});

describe('cambio policy replay', () => {
  const replay = async (policy: string) => {
    const issuer = (name: string) => ({ name, claims: { sub: 'string', ref: 'string' } }) as const;
    const common = { attempt: 'a-1', at: now, retention: 86_400, policyHash: 'h', actor: undefined };
    const ofForeign = (tenant: string, rule: string, audience: string) => ({
      ...{ ...common, rule, decisionId: `d-${tenant}` },
      ending: { outcome: 'granted' },
      request: { audiences: [audience], resources: [], scope: undefined },
      subject: { verified: { issuer: issuer(`${tenant}/github`), claims: foreign(tenant) } },
    });
    const ofOwn = (tenant: string, outcome: object) => ({
      ...{ ...common, rule: undefined, decisionId: `d-own-${tenant}` },
      ending: outcome,
      request: { audiences: ['shared'], resources: [], scope: undefined, client: 'acme/checkout' },
      subject: { verified: { issuer: issuer('self'), claims: { ...own, tenant } } },
    });
    const refused = { outcome: 'refused', error: 'invalid_target', reason: 'no_rule' };
    const decisions = [
      ofForeign('acme', 'acme/main', 'acme/api'),
      ofForeign('globex', 'globex/main', 'globex/api'),
      ofOwn('acme', refused),
      ofOwn('globex', refused),
    ];
    const lines = decisions.map((each) => JSON.stringify(decisionDocument(decisionRecord(each as never))));
    const audit = put('audit.jsonl', lines.join('\n'));
    return (await cambio('policy', 'replay', audit, '--policy', join(folder, policy))).stdout.trim().split('\n');
  };

  test('decides each for its own tenant', async () => {
    expect(await replay('apart')).toEqual([expect.stringContaining('4 decisions: 0 would flip, 4 stay')]);
    expect(await replay('joined')).toEqual([
      'refused to granted: d-own-acme acme/self acme/github|repo:acme/api -> shared (rule none before, acme/to-shared now)',
      expect.stringContaining('4 decisions: 1 would flip, 3 stay'),
    ]);
  });

  test('refuses what was a tenant’s that is no more', async () => {
    policyFolder('gone');
    rmSync(join(folder, 'gone', 'tenants', 'globex'), { recursive: true });
    expect(await replay('gone')).toEqual([
      'granted to refused: d-globex globex/github repo:acme/api -> globex/api (rule globex/main before, none now)',
      expect.stringContaining('4 decisions: 1 would flip, 3 stay'),
    ]);
  });
});
