// Delegation claims of a foreign subject token (RFC 8693 §4.1, §4.4): `act` rebuilt in issued form, `may_act` honoured. Pure.
import { Refused } from './denial.ts';
import { isJsonObject, type JsonObject } from './strict-json.ts';
import type { VerifiedToken } from './verify-token.ts';

/** An actor in an issued token: who acts, and for whom it acted before. */
export interface Actor {
  readonly sub: string;
  readonly act?: Actor;
}

/** Most `act` levels in an issued token. */
const maxDepth = 3;

/** `sub` as issued: no two issuers' subjects can collide, nor a subject with a client. */
export function issuedSubject({ issuer, registered }: VerifiedToken): string {
  return `${issuer.name}|${registered.sub}`;
}

/**
 * The foreign `act` chain, level by level as `<issuer name>|<act.sub>` and with nothing else in it: what another
 * issuer wrote beside `sub` means nothing here.
 * @throws Refused `token` with reason `malformed` (a level without `sub`) or `depth`
 */
export function rebuildActors(subject: VerifiedToken): Actor | undefined {
  const { act } = subject.registered;
  return act && rebuild(act, subject.issuer.name, 1);
}

/**
 * A subject that says who may act for it is not handed to anybody else: without an actor token that would have to be
 * the authenticated client, and an anonymous caller is no client.
 * @throws Refused `token` with reason `may_act`
 */
export function checkMayAct(subject: VerifiedToken): void {
  if (subject.registered.mayAct) throw refused('may_act', 'may_act names a party that did not authenticate');
}

/**
 * A token bound to a key is exchanged only with proof of that key (RFC 9449 §5, RFC 8705 §3), never without.
 * @throws Refused `token` with reason `binding`
 */
export function checkBinding(subject: VerifiedToken): void {
  if (subject.registered.cnf) throw refused('binding', 'cnf without a proof of the key');
}

function rebuild(act: JsonObject, issuer: string, depth: number): Actor {
  if (depth > maxDepth) throw refused('depth', `more than ${maxDepth} levels of act`);
  const { sub, act: earlier } = act;
  if (typeof sub !== 'string' || sub === '') throw refused('malformed', 'a level of act has no sub');
  if (earlier === undefined) return { sub: `${issuer}|${sub}` };
  if (!isJsonObject(earlier)) throw refused('malformed', 'a level of act is not an object');
  return { sub: `${issuer}|${sub}`, act: rebuild(earlier, issuer, depth + 1) };
}

function refused(reason: 'may_act' | 'binding' | 'depth' | 'malformed', detail: string): Refused {
  return new Refused({ kind: 'token', parameter: 'subject_token', reason, detail });
}
