// An issuer's own certificate authority in a policy: from its text and from a file beside it, and what is refused of either.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { compilePolicy } from '../../../infra/policy/compile-policy.ts';
import { selfSigned } from '../../shared/issuers/certificate.ts';
import { changed, compileText, findingsOf } from './policy-world.ts';

const { cert, key } = selfSigned({ notBefore: new Date(0), notAfter: new Date('2999-01-01'), ip: '127.0.0.1' });
const claims = '    claims: kubernetes\n';
const withCa = (ca: string, more = '') => changed(claims, `${claims}    ca: ${ca}\n${more}`);
const block = (pem: string) => `|\n${pem.replace(/^(?=.)/gm, '      ')}`.trimEnd();

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cambio-policy-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function compiled(ca: string, file: string, text: string) {
  mkdirSync(join(folder, 'policy/certificates'), { recursive: true });
  writeFileSync(join(folder, 'policy', file), text);
  writeFileSync(join(folder, 'policy/policy.yaml'), withCa(ca));
  return compilePolicy(join(folder, 'policy'));
}

describe('a certificate authority', () => {
  test('is of the issuer that names it, as certificates and nothing else', () => {
    const { artifact, diagnostics } = compileText(withCa(block(`the root of acme\n${cert}${cert}`)));
    expect(diagnostics).toEqual([]);
    expect(artifact?.issuers['eks']?.ca).toBe(cert + cert);
    expect(artifact?.issuers['github']).not.toHaveProperty('ca');
  });

  test('may be a file beside the policy, or below its folder, which is read when it is compiled', () => {
    expect(compiled('./corp-ca.pem', 'corp-ca.pem', cert).artifact?.issuers['eks']?.ca).toBe(cert);
    expect(compiled('corp-ca.pem', 'corp-ca.pem', cert).artifact?.issuers['eks']?.ca).toBe(cert);
    expect(compiled('certificates/ca.crt', 'certificates/ca.crt', cert).artifact?.issuers['eks']?.ca).toBe(cert);
    const ofFile = compilePolicy(join(folder, 'policy/policy.yaml'));
    expect(ofFile.artifact?.issuers['eks']?.ca).toBe(cert);
    writeFileSync(join(folder, 'outside.pem'), cert);
    for (const ca of ['../outside.pem', 'certificates/../../outside.pem', join(folder, 'outside.pem'), 'C:\\ca.pem']) {
      const { artifact, diagnostics } = compiled(ca, 'corp-ca.pem', cert);
      expect([artifact, diagnostics.map(({ message }) => message)]).toEqual([
        undefined,
        [expect.stringContaining('is not beside the policy')],
      ]);
    }
    expect(compiled('./absent.pem', 'corp-ca.pem', cert)).toMatchObject({
      diagnostics: [{ message: 'there is no file "./absent.pem" beside the policy', line: 11 }],
    });
  });

  test.each<[string, string, string]>([
    ['no certificate', 'no PEM at all', 'holds no certificate'],
    ['a private key', cert + key, 'holds a private key'],
    ['a broken certificate', cert + cert.replace('MII', 'AAA'), 'holds a certificate that cannot be read'],
  ])('with %s is refused', (_what, text, message) => {
    const { artifact, diagnostics } = compiled('./ca.pem', 'ca.pem', text);
    expect([artifact, diagnostics.map((each) => each.message)]).toEqual([
      undefined,
      [expect.stringContaining(message)],
    ]);
    expect(JSON.stringify(diagnostics)).not.toContain(key.split('\n')[1]);
    expect(compiled('./ca.pem', 'ca.pem', cert).diagnostics).toEqual([]);
  });

  test('of an issuer from which nothing is fetched does nothing', () => {
    const jwks = '    jwks: { keys: [{ kty: OKP, crv: Ed25519, x: a }] }\n';
    const introspection = '    introspection: { url: "https://oidc.eks.example/introspect", client: cambio }\n';
    expect(findingsOf(withCa(block(cert), jwks))).toEqual([
      expect.stringContaining('nothing is fetched from this issuer'),
    ]);
    expect(findingsOf(withCa(block(cert), jwks + introspection))).toEqual([]);
  });
});
