// A Status List (draft-ietf-oauth-status-list §4): many small statuses, packed and compressed. Pure.
import { deflateSync } from 'node:zlib';
import { encodeBase64url } from '../jose/base64url.ts';

/** Bits of one status. */
export type StatusBits = 1 | 2 | 4 | 8;

export interface Statuses {
  readonly bits: StatusBits;
  /** Positions of the list; a multiple of 8 / bits. */
  readonly size: number;
  /** By position; the others are 0, VALID. */
  readonly set: ReadonlyMap<number, number>;
}

/** The member `status_list` of a Status List Token. */
export interface StatusList {
  readonly bits: StatusBits;
  readonly lst: string;
}

/**
 * Encodes statuses: the first position in the lowest bits of the first byte, ZLIB at its highest level, base64url.
 * @throws RangeError for a position outside the list or a status that has more bits
 */
export function encodeStatusList({ bits, size, set }: Statuses): StatusList {
  const bytes = new Uint8Array((size * bits) / 8);
  for (const [position, status] of set) {
    if (position < 0 || position >= size || status >> bits !== 0) throw new RangeError('not a status of this list');
    const offset = position * bits;
    bytes[offset >> 3] = (bytes[offset >> 3] ?? 0) | (status << (offset & 7));
  }
  return { bits, lst: encodeBase64url(deflateSync(bytes, { level: 9 })) };
}
