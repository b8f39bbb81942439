// The keys of the function's own role: from its environment, as Lambda puts them there, else from the container provider
// (SnapStart, ECS, EKS), which renews them. Network through what asks the provider, which is loaded with the first call.
import { keysFrom } from '../keys/own-keys.ts';
import type { AwsKeys } from '../sigv4.ts';
import type { ExpiringKeys } from './container-keys.ts';
import type { Environment } from './endpoint.ts';

export interface Credentials {
  /** @throws Error when there are none */
  readonly find: () => Promise<AwsKeys>;
  /** Asks for other keys next time, because a service says that these have expired. False where there never are others. */
  readonly renew: () => boolean;
}

/** Milliseconds before keys expire when they are asked for again; until then they still serve. */
const renewBefore = 300_000;
/** The hosts that keys may come from in the clear: loopback, and the link-local addresses of ECS and EKS. */
const plainHosts = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\]|169\.254\.170\.2|169\.254\.170\.23|\[fd00:ec2::23\])$/;

/** @param clock milliseconds since the epoch */
export function createCredentials(environment: Environment, clock: () => number): Credentials {
  const url = environment['AWS_ACCESS_KEY_ID'] ? undefined : containerUrl(environment);
  if (!url) {
    let keys: AwsKeys | undefined;
    const find = async () => {
      keys ??= printable(keysFrom(environment));
      return keys;
    };
    return { find, renew: () => false };
  }
  const ask = async () => printable(await (await import('./container-keys.ts')).askForKeys(url, environment));
  return createRenewedKeys(ask, clock);
}

/** Keys that are asked for again in time, by one caller for all. */
function createRenewedKeys(ask: () => Promise<ExpiringKeys>, clock: () => number): Credentials {
  let last: ExpiringKeys | undefined;
  let asking: Promise<ExpiringKeys> | undefined;
  const askOnce = (): Promise<ExpiringKeys> => {
    asking ??= ask()
      .then((keys) => {
        last = keys;
        return keys;
      })
      .finally(() => {
        asking = undefined;
      });
    return asking;
  };
  const find = async (): Promise<AwsKeys> => {
    const left = last ? last.expiresAt - clock() : 0;
    if (!last || left <= 0) return askOnce();
    const keys = last;
    return left > renewBefore ? keys : askOnce().catch(() => keys);
  };
  const renew = (): boolean => {
    last = undefined;
    return true;
  };
  return { find, renew };
}

function containerUrl(environment: Environment): URL | undefined {
  const { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: path, AWS_CONTAINER_CREDENTIALS_FULL_URI: full } = environment;
  if (path?.startsWith('/')) return new URL(`http://169.254.170.2${path}`);
  if (!full) return undefined;
  const url = new URL(full);
  if (url.protocol === 'https:' || (url.protocol === 'http:' && plainHosts.test(url.hostname))) return url;
  throw new Error('AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or on this host');
}

/** They become headers as they are: a line break in one would begin another header. */
function printable<Keys extends AwsKeys>(keys: Keys): Keys {
  if (Object.values(keys).some((part) => part !== undefined && !/^[\x21-\x7e]+$/.test(part))) {
    throw new Error('the AWS keys have characters that no key has');
  }
  return keys;
}
