// `cambio-token-exchange/client`: tokens and AWS credentials for a Lambda function or a service, by token exchange. The
// only reader of this process's environment, clock and randomness; nothing is asked or read before the first call.

import { thisMachine } from '../this-machine.ts';
import type { ApiRequest, CambioClient, IssuedToken, RoleCredentials, RoleRequest, TokenRequest } from './answers.ts';
import { CambioError, type CambioErrorFacts } from './cambio-error.ts';
import type { CambioOptions, ClientAuthentication, TextSource, TokenSource } from './options.ts';
import { tokenClient } from './token-client.ts';

export {
  type ApiRequest,
  type CambioClient,
  CambioError,
  type CambioErrorFacts,
  type CambioOptions,
  type ClientAuthentication,
  type IssuedToken,
  type RoleCredentials,
  type RoleRequest,
  type TextSource,
  type TokenRequest,
  type TokenSource,
};

/**
 * A client with a memory of its own: make one, outside of the handler, and use it everywhere.
 *
 * ```ts
 * const cambio = createClient({ url: 'https://cambio.acme.example', workloadToken: { file: '/var/run/secrets/cambio/token' } });
 * const { accessToken } = await cambio.token({ audience: 'orders-api', scope: 'orders:read' });
 * ```
 *
 * @throws CambioError `misconfigured`, without a URL or with one that would send tokens in the clear
 */
export function createClient(options: CambioOptions = {}): CambioClient {
  return tokenClient(
    options,
    thisMachine(async () => undefined),
  );
}

/**
 * Credentials of one role as the AWS SDK for JavaScript v3 takes them:
 *
 * ```ts
 * const s3 = new S3Client({ credentials: fromCambio({ role: 'reports', url: 'https://cambio.acme.example' }) });
 * ```
 *
 * With a client that is there already: `credentials: () => cambio.credentials({ role: 'reports' })`.
 *
 * @throws CambioError as {@link createClient} does; the function it returns, as `credentials` of the client does
 */
export function fromCambio({
  role,
  ...options
}: CambioOptions & { readonly role: string }): () => Promise<RoleCredentials> {
  const { credentials } = createClient(options);
  return () => credentials({ role });
}
