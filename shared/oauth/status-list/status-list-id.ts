// Where a token's status is: the ids of Status Lists, and the positions in them. Pure.
import type { Audience, SigningAlgorithm } from '../../policy/compiled-policy.ts';
import { signingAlgorithms } from '../jose/keyring.ts';

/**
 * Positions of one list. Small, so that a list is computed from a few thousand records at most, and its token, whatever
 * is revoked, stays within what KMS signs as a whole message.
 */
export const listSize = 8_192;

/** Seconds in which the tokens of one series of lists are issued. */
const seriesTime = 3_600;
/** Seconds: no token lives longer, and a late clock is still answered. */
const longestLife = 86_400 + 300;

/** Where the status of one token is, as its `status` claim says. */
export interface StatusReference {
  /** Id of the list. */
  readonly list: string;
  readonly index: number;
}

/** Gives out a position in a Status List, once for ever. Throws Refused `unavailable`. */
export type ReserveStatus = (audience: Pick<Audience, 'alg'>) => Promise<StatusReference>;

/** The lists of one algorithm and hour; positions are counted through all of them. */
export interface Series {
  readonly id: string;
  /** Epoch seconds from which no position of it is given out. */
  readonly endsAt: number;
  /** Epoch seconds from which no token of it is alive. */
  readonly expiresAt: number;
}

/** The series that tokens of `alg` issued `now` (seconds) belong to. */
export function seriesOf(alg: SigningAlgorithm, now: number): Series {
  const hour = Math.floor(now / seriesTime);
  const endsAt = (hour + 1) * seriesTime;
  return { id: `${alg.toLowerCase()}-${hour.toString(36)}`, endsAt, expiresAt: endsAt + longestLife };
}

/** The list and index of a position of a series. */
export function referenceOf(series: Pick<Series, 'id'>, position: number): StatusReference {
  return { list: `${series.id}-${Math.floor(position / listSize).toString(36)}`, index: position % listSize };
}

/** URI of a list: what the `status` claim names, and the list token's `sub`. */
export function listUri(issuer: string, list: string): string {
  return `${issuer}/status-lists/${list}`;
}

/** A list id taken apart. `firstPosition` is that of its index 0 in its series. */
export interface ListId {
  readonly series: string;
  readonly alg: SigningAlgorithm;
  readonly firstPosition: number;
}

const algorithms: ReadonlyMap<string, SigningAlgorithm> = new Map(
  signingAlgorithms.map((alg) => [alg.toLowerCase(), alg]),
);

/** Undefined for what is no list id in its one spelling. */
export function parseListId(id: string): ListId | undefined {
  const [, series = '', name = '', number = ''] =
    /^(([a-z0-9]+)-[1-9a-z][0-9a-z]{0,7})-(0|[1-9a-z][0-9a-z]{0,7})$/.exec(id) ?? [];
  const alg = algorithms.get(name);
  return alg && { series, alg, firstPosition: Number.parseInt(number, 36) * listSize };
}
