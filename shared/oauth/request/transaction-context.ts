// What a request says of the transaction its token is for (draft-ietf-oauth-transaction-tokens, Txn-Token Request). Pure.

import { isJsonObject, type JsonObject, type JsonValue } from '../../policy/json.ts';
import { Refused } from '../denial.ts';
import { parseStrictJson } from '../jose/strict-json.ts';
import { type Form, single } from './form.ts';

/** Claims of the transaction token to come, as the caller wants them. */
export interface TransactionContext {
  /** What the transaction is about, for as long as it lasts; from `request_details`. */
  readonly tctx?: JsonObject;
  /** Around what it was asked for; from `request_context`. */
  readonly rctx?: JsonObject;
}

/** Bytes of JSON of each of the two; what they make together is bounded by the signing input. */
const maxBytes = 2_048;
// They come back inside a token, which itself may nest 40 deep.
const limits = { depth: 16, values: 400 };

/**
 * Parses `request_details` and `request_context`, each a JSON object as it is (the form alone encodes them).
 * @throws Refused `parameter`
 */
export function parseTransactionContext(form: Form): TransactionContext {
  const tctx = jsonObject(form, 'request_details');
  const rctx = jsonObject(form, 'request_context');
  return { ...(tctx && { tctx }), ...(rctx && { rctx }) };
}

function jsonObject(form: Form, parameter: string): JsonObject | undefined {
  const text = single(form, parameter);
  if (text === undefined) return undefined;
  const value = Buffer.byteLength(text) > maxBytes ? undefined : parse(text);
  if (isJsonObject(value) && isExact(value)) return value;
  throw new Refused({ kind: 'parameter', parameter, problem: 'malformed' });
}

function parse(text: string): JsonValue | undefined {
  try {
    return parseStrictJson(text, limits);
  } catch {
    return undefined;
  }
}

/** An integer beyond 2^53 would be signed as another number than was sent. */
function isExact(value: JsonValue): boolean {
  if (typeof value === 'number') return !Number.isInteger(value) || Number.isSafeInteger(value);
  return typeof value !== 'object' || value === null || Object.values(value).every(isExact);
}
