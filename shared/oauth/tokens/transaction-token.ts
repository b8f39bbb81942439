// Transaction tokens (draft-ietf-oauth-transaction-tokens): their claims, and what may change when one replaces another. Pure.
import type { Audience } from '../../policy/compiled-policy.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../policy/json.ts';
import { Refused } from '../denial.ts';
import { equalJson } from '../jose/json-equality.ts';
import type { TransactionContext } from '../request/transaction-context.ts';
import { workloadSeparator } from '../revocation/requesting-workload.ts';
import { audienceClaims, selfName } from '../verify/self-issuer.ts';
import type { VerifiedToken } from '../verify/verify-token.ts';
import { accessTokenClaims, type Issuance, type IssuedClaims } from './issued-token.ts';

/**
 * The claims of a transaction token: for the audience as trust domain, with `txn` naming the transaction and `req_wl` the
 * workload that asked. One that replaces another keeps `txn` and `tctx`, and adds to `rctx` and `req_wl`.
 * @throws as {@link accessTokenClaims}
 */
export function transactionTokenClaims(issuance: Issuance): IssuedClaims {
  const { client_id, ...claims } = accessTokenClaims(issuance);
  const { tctx, rctx } = issuance.transaction ?? {};
  const replaced = replacedClaims(issuance.subject);
  if (!replaced) return { ...claims, txn: issuance.jti, req_wl: client_id, ...present({ tctx, rctx }) };
  return {
    ...claims,
    txn: replaced['txn'],
    req_wl: `${String(replaced['req_wl'])}${workloadSeparator}${client_id}`,
    ...present({ tctx: replaced['tctx'], rctx: rctx ? { ...rctx, ...membersOf(replaced['rctx']) } : replaced['rctx'] }),
  };
}

/**
 * A replacement is for the same target and says nothing else of its transaction: of `request_details` only what the token
 * has can be repeated, to `request_context` members can be added.
 * @throws Refused `target` or `parameter`
 */
export function checkReplacement(subject: VerifiedToken, { tctx, rctx }: TransactionContext, target: Audience): void {
  const replaced = replacedClaims(subject);
  if (!replaced) return;
  if (!audienceClaims(target).some((form) => subject.registered.aud.includes(form)))
    throw new Refused({ kind: 'target', problem: 'changed' });
  if (tctx && !equalJson(tctx, replaced['tctx'])) throw changed('request_details');
  const earlier = membersOf(replaced['rctx']);
  const kept = Object.entries(rctx ?? {}).filter(([name]) => Object.hasOwn(earlier, name));
  if (!kept.every(([name, value]) => equalJson(value, earlier[name]))) throw changed('request_context');
}

/** Of tokens of ours only transaction tokens have `txn`, which policy cannot map. */
function replacedClaims({ issuer, claims }: VerifiedToken): JsonObject | undefined {
  return issuer.name === selfName && 'txn' in claims ? claims : undefined;
}

function membersOf(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

function present(claims: Readonly<Record<string, JsonValue | undefined>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
}

function changed(parameter: string): Refused {
  return new Refused({ kind: 'parameter', parameter, problem: 'malformed' });
}
