// https servers under names that no test can have: what is sent there is answered here and remembered, anything else is
// sent on.
import type { HttpRequest, Send } from '../../cli/http-client.ts';
import type { Reply } from './fake-server.ts';

export interface FakeWeb {
  readonly send: Send;
  readonly sent: HttpRequest[];
}

/** @param answers by URL without its query */
export function fakeWeb(answers: Readonly<Record<string, Reply>>, beyond: Send): FakeWeb {
  const sent: HttpRequest[] = [];
  const send: Send = async (request) => {
    const { protocol, origin, pathname } = request.url;
    if (protocol !== 'https:') return beyond(request);
    sent.push(request);
    const { status = 200, headers = {}, body = {} } = answers[`${origin}${pathname}`] ?? { status: 404 };
    return { status, headers, body: typeof body === 'string' ? body : JSON.stringify(body) };
  };
  return { send, sent };
}

/** A Cambio whose API and issuer are two names, and what it grants. */
export function cambioAt(api: string, issuer: string): Readonly<Record<string, Reply>> {
  const metadata = { body: { issuer, token_endpoint: `${api}/token` } };
  return {
    [`${api}/.well-known/oauth-authorization-server`]: metadata,
    [`${issuer}/.well-known/oauth-authorization-server`]: metadata,
    [`${api}/token`]: { body: { access_token: 'issued', token_type: 'Bearer', expires_in: 300 } },
  };
}
