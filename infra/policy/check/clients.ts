// Clients: one way to authenticate each, with keys that can prove something. Pure.

import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { endOf, parseCertificate } from '../lower/clients.ts';
import { urlHint, urlProblem } from '../schema/https-url.ts';
import type { Entry, MergedPolicy } from '../schema/merge.ts';
import type { ClientEntry } from '../schema/schema.ts';
import { type Diagnostic, quote } from '../source/diagnostic.ts';
import { itemsOf, repeatedItems } from '../source/list-items.ts';
import { below, errorAt, keyOf, type Place, warningAt } from '../source/place.ts';
import { checkJwks } from './jwks.ts';

type Authentication = ClientEntry['auth'];

const ways = 'private_key_jwt, federated, client_secret_basic';

export function checkClients({ clients }: MergedPolicy, local: boolean): readonly Diagnostic[] {
  return clients.flatMap(({ name, value: { auth, introspects = [] }, place }: Entry<ClientEntry>) => [
    ...checkWay(name, auth, below(place, 'auth')),
    ...checkSecrets(auth, below(place, 'auth')),
    ...listed<Keyed>(auth.private_key_jwt, below(place, 'auth', 'private_key_jwt')).flatMap(({ entry, at }) =>
      checkKeys(entry, at, local),
    ),
    ...listed<EntryOf<Authentication['tls_client_auth']>>(
      auth.tls_client_auth,
      below(place, 'auth', 'tls_client_auth'),
    ).flatMap(({ entry, at }) => checkCertificateName(entry, at)),
    ...listed<EntryOf<Authentication['self_signed_tls_client_auth']>>(
      auth.self_signed_tls_client_auth,
      below(place, 'auth', 'self_signed_tls_client_auth'),
    ).flatMap(({ entry, at }) => checkCertificates(entry, at)),
    ...checkFederated(name, auth.federated, below(place, 'auth', 'federated')),
    ...repeatedItems(itemsOf(introspects, below(place, 'introspects'))),
  ]);
}

/** RFC 6749 §2.3: one method a request; here, one a client, so that a stolen secret is no second door. */
function checkWay(name: string, auth: Authentication, place: Place): Diagnostic[] {
  const [first, second] = Object.keys(auth);
  if (first === undefined) {
    return [errorAt(place, `client ${quote(name)} has no way to authenticate`, `give one of ${ways}`)];
  }
  if (second === undefined) return [];
  const both = [first, second].every((way) => way.startsWith('client_secret_'));
  const hint = both ? 'a secret is accepted either way: keep one of the two keys' : 'keep one, or make two clients';
  return [errorAt(keyOf(place), `client ${quote(name)} has two ways to authenticate`, hint)];
}

const ofNothing = createHash('sha256').update('').digest('hex');

/** RFC 6749 §2.3.1 knows an empty secret; who has one is a public client, and here are none. */
function checkSecrets(auth: Authentication, place: Place): readonly Diagnostic[] {
  return (['client_secret_basic', 'client_secret_post'] as const).flatMap((way) =>
    listed<{ readonly sha256: string }>(auth[way], below(place, way))
      .filter(({ entry: { sha256 } }) => sha256 === ofNothing)
      .map(({ at }) =>
        errorAt(
          below(at, 'sha256'),
          'this is the SHA-256 of no secret at all',
          'hash the secret: printf %s "$SECRET" | sha256sum',
        ),
      ),
  );
}

type Keyed = EntryOf<Authentication['private_key_jwt']>;

function checkKeys({ jwksUri, jwks }: Keyed, place: Place, local: boolean): readonly Diagnostic[] {
  if (jwksUri === undefined && jwks === undefined) {
    return [errorAt(place, 'this names no keys', 'give a "jwksUri", or "jwks: { keys: [...] }"')];
  }
  const findings = jwks === undefined ? [] : [...checkJwks(jwks.keys, below(place, 'jwks', 'keys'))];
  if (jwksUri === undefined) return findings;
  const at = below(place, 'jwksUri');
  if (jwks !== undefined) findings.push(errorAt(keyOf(at), 'keys come from "jwks" or from "jwksUri"', 'keep one'));
  const problem = urlProblem(jwksUri, local);
  if (problem !== undefined) findings.push(errorAt(at, `the jwksUri ${quote(jwksUri)} ${problem}`, urlHint));
  return findings;
}

/** RFC 8705 §2.1.2: exactly one thing that the certificate says, compared as it is. */
function checkCertificateName(
  { notAfter: _, ...names }: EntryOf<Authentication['tls_client_auth']>,
  place: Place,
): Diagnostic[] {
  const [first, second] = Object.keys(names);
  const hint = 'one of san_dns, san_uri, san_ip, san_email, subject_dn';
  if (first === undefined) return [errorAt(place, 'this says nothing of a certificate', `give ${hint}`)];
  if (second !== undefined) return [errorAt(keyOf(below(place, second)), 'this is a second name', `keep ${hint}`)];
  const value = Object.values(names)[0] ?? '';
  if (value.includes('*'))
    return [errorAt(below(place, first), 'a name is compared as it is', 'write it without stars')];
  if (first === 'san_ip' && (isIP(value) === 0 || value.includes('%'))) {
    const message = `the san_ip ${quote(value)} is no IP address`;
    return [errorAt(below(place, first), message, 'write one address, as 192.0.2.7 or 2001:db8::7')];
  }
  if (first !== 'subject_dn' || isPlainDn(value)) return [];
  const message = `the subject_dn ${quote(value)} is no plain distinguished name`;
  return [errorAt(below(place, first), message, 'write it as CN=name,O=company, or name a san_dns or san_uri')];
}

/** Of RFC 4514 what needs no escape and has one value in each part: of more there are several spellings. */
function isPlainDn(text: string): boolean {
  return /^[A-Za-z]+=[^\s,+"\\<>;=#][^,+"\\<>;=]*(?:,[A-Za-z]+=[^\s,+"\\<>;=#][^,+"\\<>;=]*)*$/.test(text);
}

function checkCertificates(
  { certificates }: EntryOf<Authentication['self_signed_tls_client_auth']>,
  place: Place,
): readonly Diagnostic[] {
  return itemsOf(certificates, below(place, 'certificates'))
    .filter(({ value }) => parseCertificate(value) === undefined)
    .map((item) => errorAt(item.place, 'this is no certificate', 'give its PEM, from -----BEGIN CERTIFICATE-----'));
}

/** Days before its end in which a secret or key that ends is told. */
const soon = 30;

/**
 * Secrets and keys that have ended or are about to.
 * @param now seconds since the epoch
 */
export function checkEnds({ clients }: MergedPolicy, now: number): readonly Diagnostic[] {
  return clients.flatMap(({ name, value: { auth }, place }) =>
    Object.entries(auth).flatMap(([way, given]) =>
      listed(given as { readonly notAfter?: string }, below(place, 'auth', way)).flatMap(({ entry, at }) => {
        const { notAfter: end } = endOf(entry);
        if (end === undefined || end - now > soon * 86_400) return [];
        const what = `of client ${quote(name)} this ${end <= now ? 'has ended' : `ends in ${Math.ceil((end - now) / 86_400)} days`}`;
        const hint =
          end <= now ? 'remove it: it is not accepted any more' : 'put its successor beside it, as a list of both';
        return [warningAt(below(at, 'notAfter'), what, hint)];
      }),
    ),
  );
}

/** What may be one or a list. */
type EntryOf<Given> = Exclude<NonNullable<Given>, readonly unknown[]>;

function listed<One extends object>(given: One | readonly One[] | undefined, place: Place) {
  if (given === undefined) return [];
  if (!Array.isArray(given)) return [{ entry: given as One, at: place }];
  return (given as readonly One[]).map((entry, index) => ({ entry, at: below(place, index) }));
}

function checkFederated(name: string, federated: Authentication['federated'], place: Place): Diagnostic[] {
  if (federated === undefined || Object.keys(federated.match ?? {}).length > 0) return [];
  const message = `every token of ${quote(federated.issuer)} would be client ${quote(name)}`;
  return [errorAt(place, message, 'say with "match" which tokens are')];
}
