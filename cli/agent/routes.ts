// The agent's routes, behind the checks of who may call. Pure but for what it is given.
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Prover } from '../dpop/prover.ts';
import { answerAuthz, type GatewayParts } from './authz.ts';
import { type CallerProblem, type Door, placeProblem, tokenProblem } from './caller-check.ts';
import { answerCredentials } from './credentials-answer.ts';
import { answerJson } from './local-listener.ts';
import type { AgentMetrics } from './metrics.ts';
import { answerProof } from './proof.ts';
import type { CredentialsFor } from './role-credentials.ts';
import { createTokenAnswer } from './token.ts';
import type { TokenKeeper } from './token-keeper.ts';

export interface AgentParts {
  readonly door: Door;
  /** Exchanges of the workload itself. */
  readonly own: TokenKeeper;
  /** Exchanges of tokens that gateways bring: kept apart, so that many of those push none of ours out. */
  readonly incoming: TokenKeeper;
  readonly credentialsFor: CredentialsFor;
  /** Undefined where answers are bound to no key. */
  readonly prover: Prover | undefined;
  readonly metrics: AgentMetrics;
  /** Answers in memory. */
  readonly entries: () => number;
}

interface Route {
  readonly name: string;
  /** Undefined for any. */
  readonly methods?: readonly string[];
  /** Where the secret of the door is looked for; undefined where none is asked for. */
  readonly secretIn?: 'authorization' | 'cambio-agent-token';
  readonly answer: (request: IncomingMessage, response: ServerResponse, query: string) => Promise<void> | void;
}

export function agentListener(parts: AgentParts): RequestListener {
  const routeOf = createRoutes(parts);
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    // As sent: a URL would resolve `..`, by which the path of a request could choose another audience.
    const [path = '', query = ''] = (request.url ?? '').split('?', 2);
    const route = routeOf(path);
    await answer({ request, response, route, query }, parts.door);
    parts.metrics.countRequest(route?.name ?? 'other', response.statusCode);
  };
  return (request, response) => void serve(request, response);
}

interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly route: Route | undefined;
  readonly query: string;
}

function answer({ request, response, route, query }: Asked, door: Door): Promise<void> | void {
  const problem = placeProblem(request, door) ?? secretProblem(request, route, door);
  if (problem) return refuse(response, problem);
  if (!route) return answerJson(response, 404, { error: 'invalid_request', error_description: 'not found' });
  if (route.methods && !route.methods.includes(request.method ?? '')) return refuseMethod(response, route.methods);
  return route.answer(request, response, query);
}

function createRoutes({
  own,
  incoming,
  credentialsFor,
  prover,
  metrics,
  entries,
}: AgentParts): (path: string) => Route | undefined {
  const exact: Readonly<Record<string, Route>> = {
    '/token': {
      name: '/token',
      methods: ['POST'],
      secretIn: 'authorization',
      answer: createTokenAnswer(own),
    },
    '/proof': {
      name: '/proof',
      methods: ['POST'],
      secretIn: 'authorization',
      answer: (request, response) => answerProof(request, response, prover),
    },
    '/credentials': {
      name: '/credentials',
      methods: ['GET'],
      secretIn: 'authorization',
      answer: (_request, response, query) =>
        answerRole(new URLSearchParams(query).getAll('role'), response, credentialsFor),
    },
    '/metrics': {
      name: '/metrics',
      methods: ['GET', 'HEAD'],
      secretIn: 'authorization',
      answer: (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
        response.end(metrics.text(entries()));
      },
    },
    '/healthz': {
      name: '/healthz',
      methods: ['GET', 'HEAD'],
      answer: (_request, response) => answerJson(response, 200, { status: 'ok' }),
    },
  };
  return (path) => (Object.hasOwn(exact, path) ? exact[path] : authzRoute(path, { incoming, prover }));
}

/** Envoy puts the path of the request behind its prefix, and asks with the request's own method. */
function authzRoute(route: string, parts: GatewayParts): Route | undefined {
  const [, segment, path = ''] = /^\/authz\/([^/]+)(\/.*)?$/.exec(route) ?? [];
  const audience = segment === undefined ? undefined : decoded(segment);
  if (audience === undefined) return undefined;
  return {
    name: '/authz',
    secretIn: 'cambio-agent-token', // Authorization has the token to swap
    answer: (request, response) => answerAuthz({ audience, path }, request, response, parts),
  };
}

function answerRole(
  [role = '', ...more]: readonly string[],
  response: ServerResponse,
  credentialsFor: CredentialsFor,
): Promise<void> | void {
  if (role !== '' && more.length === 0) return answerCredentials(response, () => credentialsFor({ role }));
  return answerJson(response, 400, { code: 'invalid_request', message: 'name one role: ?role=NAME' });
}

function secretProblem({ headers }: IncomingMessage, route: Route | undefined, door: Door): CallerProblem | undefined {
  if (route && route.secretIn === undefined) return undefined;
  return tokenProblem(String(headers[route?.secretIn ?? 'authorization'] ?? ''), door);
}

function refuse(response: ServerResponse, problem: CallerProblem): void {
  const error_description = problem === 'token' ? 'the agent’s token is missing or wrong' : `${problem} is not allowed`;
  const challenge = problem === 'token' ? { 'www-authenticate': 'Bearer' } : {};
  const status = problem === 'token' ? 401 : 403;
  const code = problem === 'token' ? 'invalid_client' : 'access_denied';
  answerJson(response, status, { error: code, error_description, code, message: error_description }, challenge);
}

function refuseMethod(response: ServerResponse, methods: readonly string[]): void {
  const body = { error: 'invalid_request', error_description: 'method not allowed' };
  answerJson(response, 405, body, { allow: methods.join(', ') });
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
