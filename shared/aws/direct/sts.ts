// Role sessions by STS without the SDK's client: how STS is spoken to is loaded with the first.
import type { AssumeRoleWithWebIdentityResponse } from '@aws-sdk/client-sts';
import { loadedOnce } from '../../loaded-once.ts';
import type { CallSts } from '../assume-role.ts';
import { createService, type DirectOptions } from './service.ts';

/** The first call connects, and throws an Error where the environment names no region, or endpoints that cannot be had. */
export function stsDirectly(options: DirectOptions): CallSts {
  const service = loadedOnce(async () => createService((await import('./sts-protocol.ts')).stsProtocol, options));
  const session = (operation: string) => async (request: object) =>
    (await service()).call(operation, request) as Promise<AssumeRoleWithWebIdentityResponse>;
  return { assumeRole: session('AssumeRole'), assumeRoleWithWebIdentity: session('AssumeRoleWithWebIdentity') };
}
