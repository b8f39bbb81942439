// What is counted of an exchange: its caller's requests, who is the client that authenticated, else the issuer or the subject of the
// token that is presented; and the calls that it makes of AWS. Pure.
import type { Quota } from '../policy/compiled-policy.ts';
import type { OverQuota } from './denial.ts';
import type { Granted, RoleGrantedTo } from './grant.ts';
import type { Caller, Parties } from './parties.ts';

/** Those whose requests or calls are counted together. */
export interface Counted extends Pick<OverQuota, 'by'> {
  /** Of the client or the issuer, in the policy; of a service of AWS. */
  readonly name: string;
  /** The `sub` of the subject token, where each is counted for itself. */
  readonly subject?: string;
  readonly quota: Quota;
}

/** All of them genuine, so that no stranger uses up a quota. */
export interface QuotaRequest {
  readonly caller: Caller;
  readonly parties: Pick<Parties, 'subject'>;
}

/** Counts a request; whatever comes of it later, it stays counted. Throws Refused `throttled` or `unavailable`. */
export type CountRequest = (request: QuotaRequest) => Promise<void>;

/**
 * Counts the calls of AWS that a grant needs, before anything is used: a burst is told to come again instead of failing there.
 * Throws Refused `throttled` or `unavailable`.
 */
export type CountCalls = (granted: Granted | RoleGrantedTo) => Promise<void>;

/** Who is counted for a request; undefined where no quota holds. */
export function countedRequest({ caller, parties: { subject } }: QuotaRequest): Counted | undefined {
  if (caller) {
    const { name, quota } = caller.client;
    return quota && { by: 'client', name, quota };
  }
  const { name, quota } = subject.issuer;
  if (!quota) return undefined;
  return quota.per === 'issuer'
    ? { by: 'issuer', name, quota }
    : { by: 'subject', name, subject: subject.registered.sub ?? '', quota };
}

/** Calls a second of what AWS lets an account do so often and no more, of all instances together. */
export type CallRates = Readonly<Record<'kms' | 'sts', number>>;

/** The calls that a grant needs: a reference token is not signed; a web identity is, and then shown to STS. */
export function countedCalls(granted: Granted | RoleGrantedTo, rates: CallRates): readonly Counted[] {
  const callOf = (name: 'kms' | 'sts'): Counted => ({
    by: 'deployment',
    name,
    quota: { count: rates[name], seconds: 1, burst: rates[name] },
  });
  if ('role' in granted) return granted.role.via === 'web-identity' ? [callOf('kms'), callOf('sts')] : [callOf('sts')];
  return granted.audience.format === 'reference' ? [] : [callOf('kms')];
}
