// A reader of Status Lists with nothing of Cambio in it: as a verifier does, from the specification alone.
import { inflateSync } from 'node:zlib';

/** Most bytes a list may have: a bomb is not inflated. */
const maxBytes = 2 ** 21;

/** The status at a position (draft-ietf-oauth-status-list §4.1). */
export function statusAt({ bits, lst }: { readonly bits: number; readonly lst: string }, index: number): number {
  const bytes = inflateSync(Buffer.from(lst, 'base64url'), { maxOutputLength: maxBytes });
  if (index * bits >= bytes.length * 8) throw new RangeError('no such position');
  const value = bytes[Math.floor((index * bits) / 8)] ?? 0;
  return (value >> ((index * bits) % 8)) % 2 ** bits;
}

/** Every position that is not 0, with its status. */
export function statusesOf(list: { readonly bits: number; readonly lst: string }): Readonly<Record<string, number>> {
  const bytes = inflateSync(Buffer.from(list.lst, 'base64url'), { maxOutputLength: maxBytes });
  const perByte = 8 / list.bits;
  const found: Record<string, number> = {};
  bytes.forEach((byte, offset) => {
    if (byte === 0) return;
    for (let slot = 0; slot < perByte; slot += 1) {
      const status = (byte >> (slot * list.bits)) % 2 ** list.bits;
      if (status !== 0) found[offset * perByte + slot] = status;
    }
  });
  return found;
}
