import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { trustStoreOf } from '../../../infra/mtls/trust-store.ts';
import { PropsError } from '../../../infra/props-error.ts';
import { type CertificateOptions, selfSigned } from '../../shared/issuers/certificate.ts';

const now = 1_795_000_000;
const day = 86_400;
const at = (days: number) => new Date((now + days * day) * 1_000);
const certified = (changes: Partial<CertificateOptions> = {}) =>
  selfSigned({ notBefore: at(-1), notAfter: at(365), ip: '192.0.2.7', name: 'root', ca: true, ...changes });
const issuedBy = ({ key }: { readonly key: string }, issuer: string, name: string, changes = {}) =>
  certified({ name, issuer: { key, name: issuer }, ...changes });
const root = certified();

const folder = mkdtempSync(join(tmpdir(), 'cambio-trust-store-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Of a file with this text. */
function storeOf(text: string, own: readonly string[] = []) {
  const file = join(folder, 'clients.pem');
  writeFileSync(file, text);
  return trustStoreOf({ file, own, now });
}
const findingsOf = (...certificates: readonly { readonly cert: string }[]): readonly string[] =>
  storeOf(certificates.map(({ cert }) => cert).join('')).findings;
const refusalOf = (text: string, own: readonly string[] = []): unknown => {
  try {
    return storeOf(text, own).findings;
  } catch (error) {
    return error;
  }
};

test('holds the certificates of the file and then those of clients, each once, and nothing that stands around them', () => {
  const own = certified({ name: 'bank', ca: false }).cert;
  const key = new X509Certificate(root.cert).publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
  const authorities = [{ name: 'cn=root', key }];
  expect(storeOf(`# our authority\r\n${root.cert.replaceAll('\n', '\r\n')}${root.cert}`, [own, own])).toEqual({
    pem: root.cert + own,
    authorities,
    findings: [],
  });
  // One of both is a client's.
  expect(storeOf(root.cert + own, [own])).toEqual({ pem: root.cert + own, authorities, findings: [] });
  expect(trustStoreOf({ file: undefined, own: [own], now })).toEqual({ pem: own, authorities: [], findings: [] });
  expect(storeOf(root.cert)).toEqual({ pem: root.cert, authorities: undefined, findings: [] });
});

test('is of certificates alone, and of some', () => {
  expect(refusalOf(root.cert)).toEqual([]);
  for (const [text, what] of [
    ['', 'holds no certificate in PEM'],
    [root.cert + root.key, 'holds a private key'],
    [root.cert.replace('MII', 'AAA').replace('MIIB', 'AAAA'), 'certificate 1 of'],
  ] as const) {
    const refusal = refusalOf(text);
    expect(refusal).toBeInstanceOf(PropsError);
    expect((refusal as PropsError).message).toContain(what);
  }
  expect(() => trustStoreOf({ file: join(folder, 'none.pem'), own: [], now })).toThrow(
    /none.pem cannot be read \(ENOENT\)/,
  );
  expect(() => trustStoreOf({ file: undefined, own: [], now })).toThrow('mtls trusts nobody');
});

test('has no more certificates, and no more bytes, than API Gateway takes', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const small = (count: number, dns?: string) => {
    const names = Array.from({ length: count }, (_, index) => `client-${index}`);
    const of = (name: string) =>
      certified({ name, ca: false, pair: { publicKey, privateKey }, ...(dns && { dns: [dns] }) }).cert;
    return names.map(of).join('');
  };
  expect(refusalOf(small(1_000))).toEqual([]);
  expect((refusalOf(small(1_001)) as Error).message).toMatch(/1001 certificates .* takes 1000/);
  const long = 'x'.repeat(45_000);
  expect(refusalOf(small(10, long))).toEqual([]);
  expect((refusalOf(small(20, long)) as Error).message).toMatch(/20 certificates in 12\d{5} bytes/);
});

test('says of a certificate that its time is not now, or soon over', () => {
  expect(findingsOf(certified({ notAfter: at(31) }))).toEqual([]);
  expect(findingsOf(certified({ notAfter: at(29) }))).toEqual([
    expect.stringMatching(/^CN=root of the trust store ends soon/),
  ]);
  expect(findingsOf(certified({ notAfter: at(-0.5) }))).toEqual([expect.stringContaining('has ended')]);
  expect(findingsOf(certified({ notBefore: at(1) }))).toEqual([expect.stringContaining('is not valid yet')]);
});

test('says of a key or signature that API Gateway does not know it', () => {
  const rsa = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength });
  const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve });
  for (const pair of [rsa(2_048), ec('P-256'), ec('P-384')]) expect(findingsOf(certified({ pair }))).toEqual([]);
  const otherKey = [expect.stringContaining('has a key of another kind')];
  for (const pair of [rsa(1_024), ec('secp256k1')]) expect(findingsOf(certified({ pair }))).toEqual(otherKey);
  const weak = [expect.stringContaining('is not signed with RSA or ECDSA over SHA-256')];
  for (const pair of [rsa(2_048), ec('P-256')]) expect(findingsOf(certified({ pair, digest: 'sha1' }))).toEqual(weak);
});

test('of many authorities of one name it is the signature that tells which of them a chain ends at', () => {
  const others = Array.from({ length: 5 }, () => certified());
  const second = issuedBy(root, 'root', 'second');
  expect(findingsOf(...others, root, second)).toEqual([]);
  expect(findingsOf(...others, second)).toEqual([
    expect.stringContaining('CN=second of the trust store ends no chain'),
  ]);
});

test('names are compared as OpenSSL compares them, and a certificate may have none', () => {
  const named = certified({ name: 'The  Root' });
  const below = issuedBy(named, 'the root', 'second');
  expect(findingsOf(named, below)).toEqual([]);
  expect(findingsOf(certified({ name: '' }))).toEqual([]);
  expect(findingsOf(certified({ name: '', notAfter: at(-0.5) }))).toEqual([
    expect.stringMatching(/^a certificate without a name of the trust store has ended/),
  ]);
});

test('says of a chain that it has no root, or is longer than API Gateway takes', () => {
  const second = issuedBy(root, 'root', 'second');
  const third = issuedBy(second, 'second', 'third');
  const fourth = issuedBy(third, 'third', 'fourth');
  expect(findingsOf(third, root, second)).toEqual([]);
  expect(findingsOf(second)).toEqual([expect.stringContaining('CN=second of the trust store ends no chain')]);
  const impostor = certified();
  expect(findingsOf(impostor, second)).toEqual([expect.stringContaining('CN=second of the trust store ends no chain')]);
  expect(findingsOf(root, second, third, fourth)).toEqual([
    expect.stringContaining('CN=fourth of the trust store makes a chain of 5'),
  ]);
  // A client's own is the first of its chain.
  expect(findingsOf(root, second, third, issuedBy(third, 'third', 'client', { ca: false }))).toEqual([]);
});

test('two authorities that signed each other are no endless chain', () => {
  const [one, other] = [1, 2].map(() => generateKeyPairSync('ec', { namedCurve: 'P-256' }));
  const keyOf = (pair = one) => pair?.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString() ?? '';
  const made = [
    certified({ name: 'one', issuer: { key: keyOf(other), name: 'other' }, ...(one && { pair: one }) }),
    certified({ name: 'other', issuer: { key: keyOf(one), name: 'one' }, ...(other && { pair: other }) }),
  ];
  expect(findingsOf(...made)).toHaveLength(2);
});
