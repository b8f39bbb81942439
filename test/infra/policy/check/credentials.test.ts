// Secrets, keys and certificates of clients: several of them, each with its end, and the contract's example.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { compilePolicyFiles } from '../../../../infra/policy/compile-policy.ts';
import { selfSigned } from '../../../shared/issuers/certificate.ts';
import { findingsOf, validPolicy } from '../policy-world.ts';

const one = '0'.repeat(64);
const two = '1'.repeat(64);
const withAuth = (auth: string) => `${validPolicy}clients:\n  api:\n    auth: ${auth}\n`;
const today = Date.parse('2027-01-01T12:00:00Z') / 1_000;
const compiled = (auth: string, now = today) =>
  compilePolicyFiles([{ path: 'policy.yaml', text: withAuth(auth) }], { now });
const messages = (auth: string, now = today) =>
  compiled(auth, now).diagnostics.map(({ severity, message }) => `${severity}: ${message}`);

describe('credentials of a client', () => {
  test("are all there is in the contract's example, which compiles word for word", () => {
    const example = readFileSync(join(import.meta.dirname, '../fixtures/contract-example.txt'), 'utf8');
    expect(findingsOf(example)).toEqual([]);
  });

  test('may be several, and a day is the last one', () => {
    const { artifact } = compiled(
      `{ client_secret_basic: [{ sha256: "${one}", notAfter: 2027-06-30 }, { sha256: "${two}" }] }`,
    );
    const end = Date.parse('2027-07-01T00:00:00Z') / 1_000;
    expect(artifact?.clients['api']).toMatchObject({
      auth: { method: 'client_secret', sha256: one, notAfter: end },
      also: [{ method: 'client_secret', sha256: two }],
    });
    const keys = '[{ jwksUri: https://a.example/jwks, notAfter: 2027-06-30 }, { jwksUri: https://b.example/jwks }]';
    expect(compiled(`{ private_key_jwt: ${keys} }`).artifact?.clients['api']).toMatchObject({
      auth: { keys: { jwksUri: 'https://a.example/jwks' }, notAfter: end },
      also: [{ keys: { jwksUri: 'https://b.example/jwks' } }],
    });
  });

  test.each([
    ['2026-12-31', ['warning: of client "api" this has ended']],
    ['2027-01-01', ['warning: of client "api" this ends in 1 days']],
    ['2027-01-30', ['warning: of client "api" this ends in 30 days']],
    ['2027-01-31', []],
  ])('that end on %s are told in time', (notAfter, expected) => {
    expect(messages(`{ client_secret_basic: { sha256: "${one}", notAfter: ${notAfter} } }`)).toEqual(expected);
  });

  test.each([
    '2027-02-30',
    '2027-13-01',
    '30.6.2027',
    '2027-01-31T00:00:00Z',
  ])('have no end that is no day: %s', (notAfter) => {
    expect(compiled(`{ client_secret_basic: { sha256: "${one}", notAfter: "${notAfter}" } }`).artifact).toBeUndefined();
  });

  test.each([
    ['{ tls_client_auth: {} }', '{ tls_client_auth: { san_dns: a.example } }'],
    [
      '{ tls_client_auth: { san_dns: a.example, san_uri: "https://a.example" } }',
      '{ tls_client_auth: { san_uri: "https://a.example" } }',
    ],
    [
      '{ tls_client_auth: { san_dns: "*.example" } }',
      '{ tls_client_auth: [{ san_dns: a.example }, { san_dns: b.example }] }',
    ],
    ['{ tls_client_auth: { san_ip: 192.0.2.0/24 } }', '{ tls_client_auth: { san_ip: 192.0.2.7 } }'],
    ['{ tls_client_auth: { san_ip: "fe80::1%eth0" } }', '{ tls_client_auth: { san_ip: "fe80::1" } }'],
    ['{ tls_client_auth: { san_ip: bank.example } }', '{ tls_client_auth: { san_ip: "2001:db8::7" } }'],
    ['{ tls_client_auth: { subject_dn: bank } }', '{ tls_client_auth: { subject_dn: "CN=bank,O=Bank of Example" } }'],
    ['{ tls_client_auth: { subject_dn: "CN=a\\\\,b" } }', '{ tls_client_auth: { subject_dn: "CN=a" } }'],
  ])('by a certificate name one thing, as it is: %s', (bad, good) => {
    expect(compiled(bad).artifact).toBeUndefined();
    expect(compiled(good).diagnostics).toEqual([]);
  });

  test('of its own are certificates', () => {
    const { cert } = selfSigned({ notBefore: new Date(0), notAfter: new Date('2999-01-01'), ip: '127.0.0.1' });
    const auth = (pem: string) => `{ self_signed_tls_client_auth: { certificates: ${JSON.stringify(pem)} } }`;
    expect(compiled(auth('x')).artifact).toBeUndefined();
    const { artifact, diagnostics } = compiled(auth(cert));
    expect(diagnostics).toEqual([]);
    expect(artifact?.clients['api']?.auth).toEqual({
      method: 'self_signed_tls_client_auth',
      thumbprints: [expect.stringMatching(/^[\w-]{43}$/)],
    });
    // One that may sign others is known by its key, too: what it has signed is none of an authority's.
    const may = selfSigned({ notBefore: new Date(0), notAfter: new Date('2999-01-01'), ip: '127.0.0.1', ca: true });
    const key = new X509Certificate(may.cert).publicKey.export({ format: 'der', type: 'spki' });
    expect(compiled(auth(may.cert)).artifact?.clients['api']?.auth).toMatchObject({
      signers: [key.toString('base64')],
    });
  });
});
