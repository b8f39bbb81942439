// Delegation (RFC 8693 §4.1, §4.4): who acts for whom in an issued token, and who may. Pure.

import { isJsonObject, type JsonObject, type JsonValue } from '../../policy/json.ts';
import { fillSubject } from '../../policy/template.ts';
import { Refused, type TokenReason } from '../denial.ts';
import { equalJson } from '../jose/json-equality.ts';
import { selfName } from './self-issuer.ts';
import type { VerifiedToken } from './verify-token.ts';

/** An actor in an issued token: who acts, and for whom it acted before. */
export interface Actor {
  readonly sub: string;
  readonly act?: Actor;
}

/** Who acts in a token of ours, the one who acts now first. */
export function actorsOf(act: Actor | undefined): readonly string[] {
  return act ? [act.sub, ...actorsOf(act.act)] : [];
}

/** Most `act` levels in an issued token, unless the rule says otherwise. */
const defaultMaxDepth = 3;
/** Most levels that are looked at in a presented token. */
const maxPresentedDepth = 16;

/**
 * `sub` as issued. `<issuer name>|<sub>`, so that no two issuers' subjects collide, nor a subject with a client; an
 * issuer's own template where it has one, which must not make a `|`; unchanged for our own tokens.
 * @throws Refused `token` with reason `malformed` when the template cannot be filled
 */
export function issuedSubject({ issuer, registered, claims }: VerifiedToken): string {
  if (issuer.name === selfName) return registered.sub;
  if (!issuer.subject) return `${issuer.name}|${registered.sub}`;
  const filled = fillSubject(issuer.subject, claims);
  if (filled !== undefined && !filled.includes('|')) return filled;
  throw refused('malformed', 'the issuer’s subject template cannot be filled from this token');
}

/**
 * The `act` of the issued token: the actor outermost, what the subject token already had nested inside it, whether or
 * not an actor came now.
 * @param maxDepth levels in the issued token
 * @throws Refused `token` with reason `depth` (too many levels, or an actor twice) or `malformed`
 */
export function delegate(
  subject: VerifiedToken,
  actor: VerifiedToken | undefined,
  maxDepth: number = defaultMaxDepth,
): Actor | undefined {
  const earlier = earlierActors(subject);
  const chain = actor ? [issuedSubject(actor), ...earlier] : earlier;
  if (chain.length > maxDepth) throw refused('depth', `more than ${maxDepth} levels of act`);
  if (new Set(chain).size < chain.length) throw refused('depth', 'an actor stands in the chain twice');
  return chain.reduceRight<Actor | undefined>((act, sub) => (act ? { sub, act } : { sub }), undefined);
}

/**
 * Whether the party that acts is the one `may_act` names, on all its members: the actor by its token's own claims, or,
 * without an actor token, the authenticated client.
 * @throws Refused `token` with reason `may_act`
 */
export function checkMayAct(
  { registered: { mayAct } }: VerifiedToken,
  party: { readonly actor: VerifiedToken | undefined; readonly client: string | undefined; readonly issuer: string },
): void {
  if (!mayAct) return;
  const claims: JsonObject = party.actor
    ? party.actor.claims
    : { ...(party.client !== undefined && { sub: party.client }), iss: party.issuer };
  const named = Object.entries(mayAct);
  const fits = named.every(([name, value]) => Object.hasOwn(claims, name) && equalJson(claims[name], value));
  if (typeof mayAct['sub'] !== 'string' || !fits) throw refused('may_act', 'may_act names another party');
}

/**
 * Who acts in a presented token, as issued, the one who acts now first. What another issuer wrote beside `sub` means nothing
 * here; its actors are its own subjects.
 * @throws Refused `token` with reason `malformed` or `depth`
 */
export function earlierActors({ issuer, registered }: VerifiedToken): readonly string[] {
  const prefix = issuer.name === selfName ? '' : `${issuer.name}|`;
  const chain: string[] = [];
  for (let act: JsonValue | undefined = registered.act; act !== undefined; act = act['act']) {
    if (!isJsonObject(act)) throw refused('malformed', 'a level of act is not an object');
    const { sub } = act;
    if (typeof sub !== 'string' || sub === '') throw refused('malformed', 'a level of act has no sub');
    if (chain.push(`${prefix}${sub}`) > maxPresentedDepth) throw refused('depth', 'too many levels of act');
  }
  return chain;
}

function refused(reason: TokenReason, detail: string): Refused {
  return new Refused({ kind: 'token', parameter: 'subject_token', reason, detail });
}
