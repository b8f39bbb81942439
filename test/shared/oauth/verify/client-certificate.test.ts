// Clients that authenticate by the certificate of their connection, and tokens that are bound to it (RFC 8705).
import { createHash, X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { certificateMatch } from '../../../../shared/oauth/certificate-match.ts';
import { newDecision } from '../../../../shared/oauth/decision/decision.ts';
import { Refused } from '../../../../shared/oauth/denial.ts';
import { exchange } from '../../../../shared/oauth/exchange.ts';
import { oauthError } from '../../../../shared/oauth/oauth-error.ts';
import { clientCertificate } from '../../../../shared/oauth/request/client-certificate.ts';
import { parseForm } from '../../../../shared/oauth/request/form.ts';
import { tokenTypes } from '../../../../shared/oauth/token-types.ts';
import { matchesCertificate } from '../../../../shared/oauth/verify/client-certificate.ts';
import type {
  Authority,
  Client,
  ClientAuthentication,
  CompiledPolicy,
} from '../../../../shared/policy/compiled-policy.ts';
import { formBody, makeWorld, now, policy, subjectToken } from '../../../world.ts';
import { type CertificateOptions, selfSigned } from '../../issuers/certificate.ts';
import { introspected, issued, lifecycle, served as lifecyclePolicy, nobody } from '../lifecycle-world.ts';

const day = 86_400_000;
const at = (days: number) => new Date(now * 1_000 + days * day);
const certified = (changes: Partial<CertificateOptions> = {}) =>
  clientCertificate(
    selfSigned({
      ...{ notBefore: at(-1), notAfter: at(1), ip: '192.0.2.7', name: 'bank' },
      ...{ dns: ['bank.example', 'www.bank.example'], uri: 'spiffe://bank.example/a,DNS:evil.example' },
      email: 'ops@bank.example',
      ...changes,
    }).cert,
  );
const bank = certified();

const named = (name: Extract<ClientAuthentication, { method: 'tls_client_auth' }>['name'], value: string) =>
  ({ method: 'tls_client_auth', name, value }) as const;
const served = (auth: ClientAuthentication, changes: Partial<CompiledPolicy> = {}, also: Partial<Client> = {}) =>
  makeWorld(
    { matchesCertificate },
    {
      ...policy,
      clients: { bank: { name: 'bank', auth, introspects: [], ...also } },
      ...changes,
    },
  );

async function told(
  world: ReturnType<typeof served>,
  certificate: ReturnType<typeof certified> | undefined,
  changes: Parameters<typeof formBody>[0] = { client_id: 'bank' },
) {
  const headers = { authorization: undefined, dpop: undefined };
  const call = { form: parseForm(formBody(changes)), headers, certificate };
  try {
    const { access_token } = await exchange(call, world.cambio, newDecision(world.newId(), 'attempt'));
    const claims = JSON.parse(Buffer.from(access_token.split('.')[1] ?? '', 'base64url').toString());
    return { verdict: 'granted', claims, token: access_token };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const { error: code, reason } = oauthError(error.denial);
    return { verdict: `${code}/${reason}`, claims: {}, token: '' };
  }
}

describe('RFC 8705 §2.1 a certificate of an authority', () => {
  test('may have no subject: it is known by its other names then', async () => {
    const nameless = certified({ name: '' });
    expect((await told(served(named('san_dns', 'bank.example')), nameless)).verdict).toBe('granted');
    const bySubject = served(named('subject_dn', 'CN=bank'));
    expect((await told(bySubject, nameless)).verdict).toBe('invalid_client/client');
    expect((await told(bySubject, bank)).verdict).toBe('granted');
  });

  test.each([
    named('san_dns', 'bank.example'),
    named('san_dns', 'www.bank.example'),
    named('san_ip', '192.0.2.7'),
    named('san_uri', 'spiffe://bank.example/a,DNS:evil.example'),
    named('san_email', 'ops@bank.example'),
    named('subject_dn', 'CN=bank'),
  ])('authenticates the client whose $name it says: $value', async (auth) => {
    expect(await told(served(auth), bank)).toMatchObject({ verdict: 'granted', claims: { client_id: 'bank' } });
    expect((await told(served(auth), undefined)).verdict).toBe('invalid_client/client');
    const another = certified({
      name: 'other',
      ip: '192.0.2.8',
      dns: ['other.example'],
      uri: 'spiffe://other.example',
      email: 'ops@other.example',
    });
    expect((await told(served(auth), another)).verdict).toBe('invalid_client/client');
  });

  test.each([
    named('san_dns', 'evil.example'),
    named('san_dns', 'BANK.example'),
    named('san_dns', 'example'),
    named('san_dns', 'bank'),
    named('san_uri', 'bank.example'),
    named('san_email', 'OPS@bank.example'),
    named('san_email', 'bank.example'),
    named('san_email', 'evil@bank.example'),
    named('san_dns', 'ops@bank.example'),
    named('subject_dn', 'bank'),
    named('subject_dn', 'cn=bank'),
  ])('is no other name than what it says: $name $value', async (auth) => {
    expect((await told(served(auth), bank)).verdict).toBe('invalid_client/client');
  });

  test('names an address of IPv6 however it is written', async () => {
    const six = certified({ ip: '2001:db8:0:0:0:0:0:7' });
    for (const address of ['2001:db8::7', '2001:0DB8:0:0::7']) {
      expect((await told(served(named('san_ip', address)), six)).verdict).toBe('granted');
    }
    for (const address of ['2001:db8::8', '192.0.2.7', '::', '2001:db8::/32', 'bank']) {
      expect((await told(served(named('san_ip', address)), six)).verdict).toBe('invalid_client/client');
    }
  });

  test('names a mail address whole, however it is quoted', async () => {
    const odd = certified({ email: '"a, email:ops@bank.example"@evil.example' });
    expect((await told(served(named('san_email', 'ops@bank.example')), odd)).verdict).toBe('invalid_client/client');
    const whole = named('san_email', '"a, email:ops@bank.example"@evil.example');
    expect((await told(served(whole), odd)).verdict).toBe('granted');
  });

  test('that is not good yet, or no more, or no certificate, authenticates nobody', async () => {
    const auth = named('san_dns', 'bank.example');
    for (const bad of [certified({ notBefore: at(0.5) }), certified({ notAfter: at(-0.5) }), clientCertificate('x')]) {
      expect((await told(served(auth), bad)).verdict).toBe('invalid_client/client');
    }
    expect((await told(served(auth), bank)).verdict).toBe('granted');
  });

  test('is nobody’s without client_id, or with that of a client that has another way', async () => {
    const auth = named('san_dns', 'bank.example');
    expect(await told(served(auth), bank, {})).toMatchObject({ claims: { client_id: 'github' } });
    expect((await told(served(auth), bank, { client_id: 'nobody' })).verdict).toBe('invalid_client/client');
    const secret = { method: 'client_secret', sha256: '0'.repeat(64) } as const;
    expect((await told(served(secret), bank)).verdict).toBe('invalid_client/client');
  });

  test('beside another method is two methods', async () => {
    const world = served(named('san_dns', 'bank.example'));
    const both = { client_id: 'bank', client_secret: 'x' };
    expect((await told(world, bank, both)).verdict).toBe('invalid_request/client');
    expect((await told(world, undefined, both)).verdict).toBe('invalid_client/client');
  });
});

describe('RFC 8705 §2.2 a certificate of its own', () => {
  const auth = (...certificates: ReturnType<typeof certified>[]): ClientAuthentication => ({
    method: 'self_signed_tls_client_auth',
    thumbprints: certificates.map(({ thumbprint }) => thumbprint),
  });

  test('authenticates the client that has registered it, and not another of the same names', async () => {
    expect((await told(served(auth(bank)), bank)).verdict).toBe('granted');
    expect((await told(served(auth(certified(), bank)), bank)).verdict).toBe('granted');
    expect((await told(served(auth(certified())), bank)).verdict).toBe('invalid_client/client');
  });

  test('proves no name: whoever made it wrote the name of another client into it', async () => {
    const clients = (own: ReturnType<typeof certified>): Record<string, Client> => ({
      bank: { name: 'bank', auth: named('san_dns', 'bank.example'), introspects: [] },
      partner: { name: 'partner', auth: auth(own), introspects: [] },
    });
    const made = certified({ name: 'partner' });
    const world = served(auth(made), { clients: clients(made) });
    expect((await told(world, made)).verdict).toBe('invalid_client/client');
    expect((await told(world, made, { client_id: 'partner' })).verdict).toBe('granted');
    expect((await told(world, bank)).verdict).toBe('granted');
  });

  test('nor does one that it has signed, where it may sign others and the trust store lets them in', async () => {
    const authority = (name: string) =>
      selfSigned({ notBefore: at(-1), notAfter: at(1), ip: '192.0.2.8', name, ca: true });
    const [partners, real] = [authority('partner'), authority('authority')];
    const { publicKey, raw } = new X509Certificate(partners.cert);
    const registered: ClientAuthentication = {
      method: 'self_signed_tls_client_auth',
      thumbprints: [createHash('sha256').update(raw).digest('base64url')],
      signers: [publicKey.export({ format: 'der', type: 'spki' }).toString('base64')],
    };
    const clients: Record<string, Client> = {
      bank: { name: 'bank', auth: named('san_dns', 'bank.example'), introspects: [] },
      partner: { name: 'partner', auth: registered, introspects: [] },
    };
    const world = served(registered, { clients });
    const forged = certified({ issuer: { key: partners.key, name: 'partner' } });
    expect((await told(world, forged)).verdict).toBe('invalid_client/client');
    expect((await told(world, forged, { client_id: 'partner' })).verdict).toBe('invalid_client/client');
    expect((await told(world, certified({ issuer: { key: real.key, name: 'partner' } }))).verdict).toBe('granted');
    expect((await told(world, clientCertificate(partners.cert), { client_id: 'partner' })).verdict).toBe('granted');
  });

  test('nor does any that no authority of the file has signed, where the deployment says who they are', async () => {
    const authority = selfSigned({ notBefore: at(-1), notAfter: at(1), ip: '192.0.2.8', name: 'authority', ca: true });
    const key = new X509Certificate(authority.cert).publicKey
      .export({ format: 'der', type: 'spki' })
      .toString('base64');
    const clients = { bank: { name: 'bank', auth: named('san_dns', 'bank.example'), introspects: [] } };
    const signed = certified({ issuer: { key: authority.key, name: 'authority' } });
    const verdicts = async (authorities: readonly Authority[] | undefined) => {
      const match = await certificateMatch({ clients, ...(authorities && { authorities }) });
      const world = makeWorld({ matchesCertificate: match }, { ...policy, clients });
      return [(await told(world, signed)).verdict, (await told(world, bank)).verdict];
    };
    expect(await verdicts(undefined)).toEqual(['granted', 'granted']);
    expect(await verdicts([{ name: 'cn=authority', key }])).toEqual(['granted', 'invalid_client/client']);
    expect(await verdicts([])).toEqual(['invalid_client/client', 'invalid_client/client']);
    // Of one name and other keys, and of one key and another name.
    const otherKey = certified({ name: 'authority' });
    const of = new X509Certificate(otherKey.pem).publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
    expect(await verdicts([{ name: 'cn=authority', key: of }])).toEqual([
      'invalid_client/client',
      'invalid_client/client',
    ]);
    expect(
      (
        await verdicts([
          { name: 'cn=authority', key: of },
          { name: 'cn=authority', key },
        ])
      )[0],
    ).toBe('granted');
    expect((await verdicts([{ name: 'cn=other', key }]))[0]).toBe('invalid_client/client');
  });

  test('may be one of several, each with an end of its own', async () => {
    const ended = { ...auth(bank), notAfter: now };
    const world = served(ended, {}, { also: [auth(certified())] });
    expect((await told(world, bank)).verdict).toBe('invalid_client/client');
    expect((await told(served(ended, {}, { also: [{ ...auth(bank), notAfter: now + 1 }] }), bank)).verdict).toBe(
      'granted',
    );
  });
});

describe('RFC 8705 §3 a token', () => {
  const { 'orders-api': orders = expect.fail('no audience'), ...others } = policy.audiences;
  const auth = named('san_dns', 'bank.example');
  const hop = {
    id: 'hop',
    from: 'self',
    client: ['bank'],
    match: [],
    grant: { audience: 'plain', scopes: [], claims: {}, ttl: 300 },
  };
  const world = () =>
    served(auth, {
      audiences: { 'orders-api': { ...orders, binding: 'mtls' }, ...others },
      rules: [...policy.rules, hop],
    });
  const x5t = createHash('sha256').update(new X509Certificate(bank.pem).raw).digest('base64url');

  test('for an audience that demands it is bound to the certificate, and to none for others', async () => {
    expect(await told(world(), bank)).toMatchObject({ claims: { cnf: { 'x5t#S256': x5t } } });
    expect((await told(world(), bank, { client_id: 'bank', audience: 'plain' })).claims).not.toHaveProperty('cnf');
    expect((await told(world(), undefined, {})).verdict).toBe('invalid_request/binding');
  });

  test('is bound by SHA-256 of the certificate’s DER, as the RFC’s own example is', () => {
    const pem = `-----BEGIN CERTIFICATE-----
MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAx
ODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwEbXRsczBZMBMGByqG
SM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ
/Au08/coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8wCgYIKoZIzj0EAwID
SQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOV
bUlJSGQgjwD5vaUaKlLR50Q2DmFfQj1L+SY=
-----END CERTIFICATE-----`;
    const { thumbprint } = clientCertificate(pem);
    expect(thumbprint).toBe('A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0');
    // API Gateway hands it over with another line break at its end, or none.
    for (const same of [`${pem}\n`, pem.replaceAll('\n', '\r\n')])
      expect(clientCertificate(same).thumbprint).toBe(thumbprint);
    expect(bank.thumbprint).not.toBe(thumbprint);
  });

  test('is introspected with its binding, and remains a bearer token by name (RFC 8705 §3.2)', async () => {
    const audiences = { ...lifecyclePolicy.audiences, 'orders-api': { ...orders, binding: 'mtls' as const } };
    const shared = lifecycle({ audiences });
    const call = { form: parseForm(formBody()), headers: nobody };
    const decision = newDecision(shared.newId(), 'attempt');
    const { access_token, token_type } = await exchange({ ...call, certificate: bank }, shared.cambio, decision);
    expect(token_type).toBe('Bearer');
    expect((await introspected(shared, access_token)).answer).toMatchObject({
      ...{ active: true, token_type: 'Bearer', cnf: { 'x5t#S256': x5t } },
    });
    const plain = lifecycle();
    const { token } = await issued(plain, formBody());
    expect((await introspected(plain, token)).answer).not.toHaveProperty('cnf');
  });

  test('that is bound is exchanged with the same certificate alone, and stays bound', async () => {
    const shared = world();
    const { token } = await told(shared, bank);
    const exchanged = {
      client_id: 'bank',
      audience: 'plain',
      subject_token: token,
      subject_token_type: tokenTypes.accessToken,
    };
    expect(await told(shared, bank, exchanged)).toMatchObject({ claims: { cnf: { 'x5t#S256': x5t } } });
    expect((await told(shared, certified(), exchanged)).verdict).toBe('invalid_request/binding');
    const foreign = { audience: 'plain', subject_token: subjectToken({ cnf: { 'x5t#S256': x5t } }) };
    expect((await told(shared, bank, foreign)).verdict).toBe('granted');
    expect((await told(shared, undefined, foreign)).verdict).toBe('invalid_request/binding');
  });
});
