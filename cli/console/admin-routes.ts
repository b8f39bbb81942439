// The calls of /admin/* that the page makes through its server, which signs them: a list, not a proxy. Network, by callAdmin.
import { type AdminCall, callAdmin } from '../admin-call.ts';
import { CallFailed } from '../call-failed.ts';
import type { Machine } from '../machine.ts';
import type { Server } from '../server.ts';
import { UsageError } from '../usage.ts';
import { answerJson, type PageAnswer, type PageRequest, refuse } from './page-message.ts';

export interface AdminRoutes {
  readonly server: Server;
  readonly machine: Machine;
  /** Whether changes are let through. */
  readonly writes: boolean;
}

interface AdminRoute {
  readonly method: AdminCall['method'];
  readonly path: RegExp;
  /** As IAM names it. */
  readonly action: string;
  readonly mayRepeat?: false;
}

const name = '[a-z0-9][a-z0-9._-]{0,62}';
const suspension = new RegExp(`^/admin/suspensions/(?:issuer|client|rule|audience|role)/${name}(?:/${name})?$`);

const routes: readonly AdminRoute[] = [
  { method: 'GET', path: /^\/admin\/decisions$/, action: 'GET /admin/decisions' },
  { method: 'GET', path: /^\/admin\/decisions\/[0-9a-f-]{36}$/, action: 'GET /admin/decisions/*' },
  { method: 'GET', path: /^\/admin\/suspensions$/, action: 'GET /admin/suspensions' },
  { method: 'GET', path: /^\/admin\/keys$/, action: 'GET /admin/keys' },
  { method: 'PUT', path: suspension, action: 'PUT /admin/suspensions/*' },
  { method: 'DELETE', path: suspension, action: 'DELETE /admin/suspensions/*' },
  { method: 'POST', path: /^\/admin\/revocations$/, action: 'POST /admin/revocations' },
  { method: 'POST', path: /^\/admin\/keys\/rotate$/, action: 'POST /admin/keys/rotate', mayRepeat: false },
  { method: 'POST', path: /^\/admin\/keys\/[\w.~-]{1,200}\/revoke$/, action: 'POST /admin/keys/*/revoke' },
];

/** @param path below the API base */
export async function answerAdmin(path: string, request: PageRequest, parts: AdminRoutes): Promise<PageAnswer> {
  const { server, machine, writes } = parts;
  const route = routes.find((each) => each.method === request.method && each.path.test(path));
  if (!route) return refuse(404, 'invalid_request', 'the page has no such call');
  if (route.method !== 'GET' && !writes) {
    return refuse(403, 'reads_only', 'this console reads only: start it with --write to change something');
  }
  const json = objectOf(request.body);
  if (json === undefined) return refuse(400, 'invalid_request', 'the body is no JSON object');
  const url = server.at(path);
  if (route.method === 'GET') url.search = request.query;
  const { method, action, mayRepeat } = route;
  const call = { method, url, action, ...(request.body !== '' && { json }), ...(mayRepeat === false && { mayRepeat }) };
  return passedOn(async () => {
    const answer = await callAdmin(call, machine);
    return answerJson(answer.status === 204 ? 200 : answer.status, answer.json);
  });
}

/** What the API refused is passed on as it is, and what did not come about as 502. */
export async function passedOn(run: () => Promise<PageAnswer>): Promise<PageAnswer> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof UsageError) return refuse(400, 'invalid_request', error.message);
    if (!(error instanceof CallFailed)) throw error;
    const { status, error: code, description } = error.facts;
    return refuse(status === 0 ? 502 : status, code ?? 'unavailable', description);
  }
}

/** `{}` for an empty body; undefined for what is no object. */
export function objectOf(body: string): object | undefined {
  try {
    const value: unknown = body === '' ? {} : JSON.parse(body);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
