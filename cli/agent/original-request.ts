// What a gateway asks the agent about: method and URL of the request it holds, as the service behind it will see them. Pure.
import type { IncomingMessage } from 'node:http';
import { absoluteUrl, isMethod } from '../dpop/api-headers.ts';

export interface OriginalRequest {
  readonly method: string;
  readonly url: URL;
}

/**
 * nginx asks with a request of its own, and names the other one in headers; Envoy asks with the request's own method, `Host` and
 * path. A caller may have sent such headers itself where the gateway does not set them: the proof is then for another
 * request than the one it is sent with, and the service behind refuses it.
 * @param path of the request, behind `/authz/{audience}`
 * @returns undefined where neither says both
 */
export function originalRequest(
  { method = '', headers }: Pick<IncomingMessage, 'method' | 'headers'>,
  path: string,
): OriginalRequest | undefined {
  const named = headers['x-original-method'];
  const uri = headers['x-original-uri'] ?? headers['x-original-url'];
  if (named !== undefined || uri !== undefined) return requestOf(String(named), String(uri));
  return path === '' ? undefined : requestOf(method, `${headers['x-forwarded-proto']}://${headers.host}${path}`);
}

function requestOf(method: string, uri: string): OriginalRequest | undefined {
  const url = absoluteUrl(uri);
  return url && isMethod(method) ? { method, url } : undefined;
}
