// A token's place in a Token Status List, and what the list says of it (draft-ietf-oauth-status-list §4, §6.2), read and not
// verified: the probe measures when a list shows a revocation, it decides nothing by it. Pure.
import { inflateSync } from 'node:zlib';
import { payloadOf } from './token/token-facts.ts';
import { UsageError } from './usage.ts';

export interface StatusPlace {
  readonly uri: string;
  readonly index: number;
}

type JsonObject = Readonly<Record<string, unknown>>;

/** Cambio makes no larger list. */
const maxListBytes = 1_048_576;

/** Undefined for a token that has no status. */
export function statusPlaceOf(token: string): StatusPlace | undefined {
  const { uri, idx } = memberOf(memberOf(payloadOf(token), 'status'), 'status_list');
  return typeof uri === 'string' && typeof idx === 'number' ? { uri, index: idx } : undefined;
}

/** The status of the place: 0 valid. @throws UsageError when the text is no list of this name */
export function statusIn(list: string, { uri, index }: StatusPlace): number {
  const payload = payloadOf(list.trim());
  const { bits, lst } = memberOf(payload, 'status_list');
  const bytes = payload?.['sub'] === uri && typeof lst === 'string' ? inflated(lst) : undefined;
  if (!bytes || typeof bits !== 'number') throw new UsageError(`${uri} is no Status List Token`);
  const offset = index * bits;
  return ((bytes[offset >> 3] ?? 0) >> (offset & 7)) & ((1 << bits) - 1);
}

function inflated(lst: string): Uint8Array | undefined {
  try {
    return inflateSync(Buffer.from(lst, 'base64url'), { maxOutputLength: maxListBytes });
  } catch {
    return undefined;
  }
}

function memberOf(value: unknown, name: string): JsonObject {
  const member = typeof value === 'object' && value !== null ? (value as JsonObject)[name] : undefined;
  return typeof member === 'object' && member !== null ? (member as JsonObject) : {};
}
