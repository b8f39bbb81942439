// Clients: one way to authenticate each, with keys that can prove something. Pure.

import { urlHint, urlProblem } from '../schema/https-url.ts';
import type { Entry, MergedPolicy } from '../schema/merge.ts';
import type { ClientEntry } from '../schema/schema.ts';
import { type Diagnostic, quote } from '../source/diagnostic.ts';
import { itemsOf, repeatedItems } from '../source/list-items.ts';
import { below, errorAt, keyOf, type Place } from '../source/place.ts';
import { checkJwks } from './jwks.ts';

type Authentication = ClientEntry['auth'];

const ways = 'private_key_jwt, federated, client_secret_basic';

export function checkClients({ clients }: MergedPolicy, local: boolean): readonly Diagnostic[] {
  return clients.flatMap(({ name, value: { auth, introspects = [] }, place }: Entry<ClientEntry>) => [
    ...checkWay(name, auth, below(place, 'auth')),
    ...checkKeys(auth.private_key_jwt, below(place, 'auth', 'private_key_jwt'), local),
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

function checkKeys(keyed: Authentication['private_key_jwt'], place: Place, local: boolean): readonly Diagnostic[] {
  if (keyed === undefined) return [];
  const { jwksUri, jwks } = keyed;
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

function checkFederated(name: string, federated: Authentication['federated'], place: Place): Diagnostic[] {
  if (federated === undefined || Object.keys(federated.match ?? {}).length > 0) return [];
  const message = `every token of ${quote(federated.issuer)} would be client ${quote(name)}`;
  return [errorAt(place, message, 'say with "match" which tokens are')];
}
