// The walk of docs/mutual-tls.md: what its commands make is what the policy beside them wants.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { trustStoreOf } from '../../../infra/mtls/trust-store.ts';
import { compilePolicyFiles } from '../../../infra/policy/compile-policy.ts';
import { clientCertificate } from '../../../shared/oauth/request/client-certificate.ts';
import { matchesCertificate } from '../../../shared/oauth/verify/client-certificate.ts';
import { snippetOf } from '../../cli/snippets.ts';
import { installed } from '../../installed.ts';

const folder = mkdtempSync(join(tmpdir(), 'cambio-walk-'));
afterAll(() => rmSync(folder, { recursive: true }));

const text = snippetOf('mutual-tls.md', 'In the policy', 'yaml');
const { artifact, diagnostics } = compilePolicyFiles([{ path: 'mutual-tls.yaml', text }]);

test('the policy compiles without a finding', () => {
  expect(diagnostics).toEqual([]);
});

const hasOpenssl = installed('openssl', 'the certificates of docs/mutual-tls.md');

test.skipIf(!hasOpenssl)(
  'the certificate is the client’s, and its authority a trust store that nobody stumbles over',
  () => {
    const commands = snippetOf('mutual-tls.md', 'Certificates', 'sh');
    execFileSync('bash', ['-euc', commands], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    const [file, now] = [join(folder, 'ca.pem'), Math.floor(Date.now() / 1_000)];
    const { pem, findings } = trustStoreOf({ file, own: [], now: now + 60 });
    expect([pem, findings]).toEqual([readFileSync(file, 'utf8'), []]);
    const { clients = {} } = artifact ?? {};
    const { bank = expect.fail('no client') } = clients;
    const matches = (name: string) => {
      const certificate = clientCertificate(readFileSync(join(folder, name), 'utf8'));
      return matchesCertificate([bank.auth], certificate, { clients, now: now + 60 });
    };
    expect([matches('bank.pem'), matches('ca.pem')]).toEqual([true, false]);
  },
);
