// What an issuer is asked and what it tells, as the functions read it: introspection and security events. Pure.
import type { EventStream, UpstreamIntrospection } from '../../../shared/policy/compiled-policy.ts';
import { parseDuration } from '../schema/duration.ts';
import { isLoopbackUrl } from '../schema/https-url.ts';
import type { IssuerEntry } from '../schema/schema.ts';

interface Upstream {
  readonly introspection?: UpstreamIntrospection;
  readonly events?: EventStream;
}

/** @param standsIn the local stack signs in the issuer's place: the issuer itself knows nothing of such tokens */
export function lowerUpstream({ introspection, events, network }: IssuerEntry, standsIn: boolean): Upstream {
  const isAsked = introspection !== undefined && (!standsIn || isLoopbackUrl(introspection.url));
  return {
    ...(isAsked && { introspection: lowerIntrospection(introspection, network) }),
    ...(events && { events: lowerEvents(events) }),
  };
}

function lowerIntrospection(
  { url, client, cache }: NonNullable<IssuerEntry['introspection']>,
  network: IssuerEntry['network'] = 'public',
): UpstreamIntrospection {
  const stated = { url, client, cache: cache === undefined ? 0 : parseDuration(cache) };
  return { ...stated, network: isLoopbackUrl(url) ? 'loopback' : network };
}

function lowerEvents({ audience, authorization }: NonNullable<IssuerEntry['events']>): EventStream {
  return { audience, ...(authorization && { authorization: authorization.sha256 }) };
}
