// GET /status-lists/{id}: Status List Tokens for verifiers anywhere (draft-ietf-oauth-status-list §8). No I/O of its own.
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { createExpiringMap } from '../../expiring-map.ts';
import {
  listTtl,
  makeStatusListToken,
  type StatusListCapabilities,
  type StatusListToken,
} from '../../oauth/status-list/status-list-token.ts';
import { json } from '../api-gateway.ts';
import { endpoint } from '../endpoint.ts';
import { answerErrors, errorAnswer, failureLog } from '../errors.ts';
import type { WriteLog } from '../log.ts';

export interface StatusListEndpoint extends StatusListCapabilities {
  /** Seconds since the epoch. */
  readonly now: () => number;
  readonly write: WriteLog;
}

/** Seconds a list is served after the moment whose statuses it has: who asks us and no cache costs one signature in that time. */
const freshFor = listTtl;
/** Seconds for which revocations that were read serve other lists too. */
const revocationsFreshFor = 5;
const maxLists = 500;

type StatusListEvent = Pick<APIGatewayProxyEvent, 'pathParameters'>;

/** The Lambda handler: 200 with the token, 404 where there is no such list, 503. */
export function statusListEndpoint({ write, ...capabilities }: StatusListEndpoint) {
  const find = createCachedLists(capabilities);
  return endpoint<StatusListEvent>({
    log: failureLog({ name: 'status_list_unavailable', write }),
    errors: answerErrors((error) => toAll(errorAnswer(error))),
    respond: async ({ pathParameters }) => {
      const token = await find(pathParameters?.['id'] ?? '');
      return toAll(token === undefined ? notFound() : found(token));
    },
  });
}

/** That a list does not exist is not remembered: it may exist a moment later. */
function createCachedLists(capabilities: Omit<StatusListEndpoint, 'write'>) {
  const { now } = capabilities;
  const lists = createExpiringMap<StatusListToken>({ maxEntries: maxLists, now });
  const looks = createExpiringMap<Awaited<ReturnType<typeof capabilities.listRevocations>>>({ maxEntries: 1, now });
  const listRevocations = async () => {
    const known = looks.get('') ?? (await capabilities.listRevocations());
    looks.set('', known, known.at + revocationsFreshFor);
    return known;
  };
  const underWay = new Map<string, Promise<StatusListToken | undefined>>();
  const build = (list: string): Promise<StatusListToken | undefined> => {
    const built = makeStatusListToken(list, { ...capabilities, listRevocations })
      .then((token) => {
        if (token) lists.set(list, token, token.at + freshFor);
        return token;
      })
      .finally(() => underWay.delete(list));
    underWay.set(list, built);
    return built;
  };
  // One build of a list at a time, however many ask for it meanwhile.
  return async (list: string): Promise<string | undefined> =>
    (lists.get(list) ?? (await (underWay.get(list) ?? build(list))))?.jwt;
}

function found(token: string): APIGatewayProxyResult {
  const headers = { 'Content-Type': 'application/statuslist+jwt', 'Cache-Control': `public, max-age=${listTtl}` };
  return { statusCode: 200, headers, body: token };
}

function notFound(): APIGatewayProxyResult {
  return json(404, { error: 'invalid_request', error_description: 'no such status list' });
}

/** A verifier in a browser may read lists: everybody may see everything in them. */
function toAll(answer: APIGatewayProxyResult): APIGatewayProxyResult {
  return { ...answer, headers: { ...answer.headers, 'Access-Control-Allow-Origin': '*' } };
}
