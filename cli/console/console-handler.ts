// Everything the page's server answers: the page at /, and below /_console what it asks for. Undefined for every other path.

import { version } from '../../shared/version.ts';
import { fetchOnce } from '../fetch.ts';
import type { Machine } from '../machine.ts';
import { isLocal, type Server } from '../server.ts';
import { answerAdmin, objectOf, passedOn } from './admin-routes.ts';
import type {
  ConsoleState,
  ExchangeToPlay,
  Json,
  PlayableClient,
  PolicyPicture,
  PolicyText,
  TokenToIntrospect,
  WhatIf,
} from './api.ts';
import { type Door, turnedAway } from './door.ts';
import { createExchanges } from './exchanges.ts';
import { latestDecisions } from './latest-decisions.ts';
import { pageDocument } from './page-document.ts';
import { pageHtml } from './page-html.ts';
import { answerJson, type PageAnswer, type PageRequest, refuse } from './page-message.ts';

/** What the policy compiler does for the page; it is loaded when it is asked for. */
export interface PolicyView {
  readonly clients: readonly PlayableClient[];
  readonly runs: ConsoleState['runs'];
  /** @param now epoch seconds */
  readonly picture: (now: number) => PolicyPicture;
  /** @param find reads recorded decisions, once it compiles */
  readonly whatIf: (files: readonly PolicyText[], find: () => Promise<readonly Json[]>, now: number) => Promise<WhatIf>;
}

export interface ConsoleParts {
  readonly door: Door;
  readonly server: Server;
  readonly machine: Machine;
  readonly writes: boolean;
  readonly loadPolicy?: (() => Promise<PolicyView>) | undefined;
}

export type ConsoleHandler = (request: PageRequest) => Promise<PageAnswer>;

const consolePrefix = '/_console';

export function createConsole(parts: ConsoleParts): ConsoleHandler {
  const { door } = parts;
  let document: Promise<PageAnswer> | undefined;
  const answer = createRoutes(parts);
  return async (request) => {
    const refusal = turnedAway(request, door);
    if (refusal) return refusal;
    if (request.path !== '/') return answer(request);
    if (request.method !== 'GET') return refuse(405, 'invalid_request', 'method not allowed');
    document ??= pageHtml().then(pageDocument);
    return document;
  };
}

type Route = (request: PageRequest, body: Json) => Promise<PageAnswer>;

function createRoutes(parts: ConsoleParts): ConsoleHandler {
  const { server, machine, loadPolicy } = parts;
  const now = (): number => Math.floor(machine.clock() / 1_000);
  const clients = async (): Promise<readonly PlayableClient[]> => (await loadPolicy?.())?.clients ?? [];
  const exchanges = createExchanges({ server, machine, clients });
  const routes: Readonly<Record<string, Route>> = {
    'GET /_console/state': async () => answerJson(200, await stateOf(parts)),
    'GET /_console/policy': async () => {
      const view = await loadPolicy?.();
      return view ? answerJson(200, view.picture(now())) : refuse(404, 'invalid_request', 'no policy was given');
    },
    'POST /_console/what-if': async (_request, { files }) => {
      const view = await loadPolicy?.();
      if (!view) return refuse(404, 'invalid_request', 'no policy was given');
      if (!isFiles(files)) return refuse(400, 'invalid_request', 'files: a list of {path, text}');
      return answerJson(200, await view.whatIf(files, () => latestDecisions(server, machine), now()));
    },
    'POST /_console/exchanges': async (_request, body) =>
      answerJson(200, await exchanges.play(body as unknown as ExchangeToPlay)),
    'POST /_console/introspections': async (_request, body) =>
      answerJson(200, await exchanges.introspect(body as unknown as TokenToIntrospect)),
  };
  return async (request) => {
    const admin = request.path.slice(consolePrefix.length);
    if (admin.startsWith('/admin/')) return answerAdmin(admin, request, parts);
    const route = routes[`${request.method} ${request.path}`];
    const body = objectOf(request.body);
    if (!route) return refuse(404, 'invalid_request', 'the page has no such call');
    if (!body) return refuse(400, 'invalid_request', 'the body is no JSON object');
    return passedOn(() => route(request, { ...body }));
  };
}

async function stateOf({ server, machine, writes, loadPolicy }: ConsoleParts): Promise<ConsoleState> {
  const api = server.at('');
  const standIns = isLocal(api) ? await standInsOf(server, machine) : undefined;
  const { runs = {} } = (await loadPolicy?.()) ?? {};
  const hasPolicy = loadPolicy !== undefined;
  return { api: api.href.replace(/\/$/, ''), version, writes, hasPolicy, runs, ...(standIns && { standIns }) };
}

/** Undefined where something else than a local stack is on loopback, such as a tunnel to a deployment. */
async function standInsOf(server: Server, machine: Machine): Promise<readonly string[] | undefined> {
  const answer = await fetchOnce({ url: server.at('/_local/issuers') }, machine).catch(() => undefined);
  const issuers = answer?.json['issuers'];
  if (!Array.isArray(issuers)) return undefined;
  return issuers.flatMap((each: { name?: unknown; standIn?: unknown }) =>
    each.standIn === true && typeof each.name === 'string' ? [each.name] : [],
  );
}

function isFiles(value: unknown): value is readonly PolicyText[] {
  return Array.isArray(value) && value.length > 0 && value.every(isFile);
}

function isFile(value: unknown): value is PolicyText {
  if (typeof value !== 'object' || value === null) return false;
  const { path, text } = value as Partial<Record<keyof PolicyText, unknown>>;
  return typeof path === 'string' && typeof text === 'string';
}
