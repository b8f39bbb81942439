// Pages of a KMS listing. Markers are opaque to callers. Pure.

import { invalidMarker } from './errors.ts';

export interface Page {
  readonly Limit?: number;
  readonly Marker?: string;
}

interface PageOf<Item> {
  readonly items: readonly Item[];
  readonly Truncated: boolean;
  readonly NextMarker?: string;
}

const prefix = 'cambio-local:';

/**
 * One page of the items.
 * @throws AwsError InvalidMarkerException
 */
export function page<Item>(all: readonly Item[], { Limit, Marker }: Page, defaultLimit: number): PageOf<Item> {
  const start = Marker === undefined ? 0 : offsetOf(Marker);
  const end = start + (Limit ?? defaultLimit);
  const items = all.slice(start, end);
  return end < all.length ? { items, Truncated: true, NextMarker: markerOf(end) } : { items, Truncated: false };
}

function markerOf(offset: number): string {
  return Buffer.from(`${prefix}${offset}`).toString('base64url');
}

function offsetOf(marker: string): number {
  const text = Buffer.from(marker, 'base64url').toString();
  const offset = text.startsWith(prefix) ? Number(text.slice(prefix.length)) : Number.NaN;
  if (!Number.isSafeInteger(offset)) throw invalidMarker();
  return offset;
}
