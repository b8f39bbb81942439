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
import { withDeadline } from '../deadline.ts';
import { documentFailure } from '../errors.ts';
import type { WriteLog } from '../log.ts';

export interface StatusListEndpoint extends StatusListCapabilities {
  /** Seconds since the epoch. */
  readonly now: () => number;
  readonly write: WriteLog;
}

/** Seconds a list is served after the moment whose statuses it has. */
const freshFor = 10;
/** Seconds the revocations of one look serve other lists too. */
const revocationsFreshFor = 5;
const maxLists = 500;
/** Milliseconds. */
const requestTime = 3_000;

/** A browser's verifier may read lists; there is nothing in them that not everybody may see. */
const openToAll = { 'Access-Control-Allow-Origin': '*' };

/** The Lambda handler: 200 with the token, 404 where there is no such list, 503. */
export function statusListEndpoint({ write, ...cambio }: StatusListEndpoint) {
  const find = createCachedLists(cambio);
  return async ({ pathParameters }: Pick<APIGatewayProxyEvent, 'pathParameters'>): Promise<APIGatewayProxyResult> => {
    try {
      const token = await withDeadline(requestTime, find(pathParameters?.['id'] ?? ''));
      return token === undefined ? notFound() : found(token);
    } catch (error) {
      const failed = documentFailure(error, write, 'status_list_unavailable');
      return { ...failed, headers: { ...failed.headers, ...openToAll } };
    }
  };
}

/** What is not there is not remembered: it may be there a moment later. */
function createCachedLists(cambio: Omit<StatusListEndpoint, 'write'>) {
  const { now } = cambio;
  const lists = createExpiringMap<StatusListToken>({ maxEntries: maxLists, now });
  const looks = createExpiringMap<Awaited<ReturnType<typeof cambio.listRevocations>>>({ maxEntries: 1, now });
  const listRevocations = async () => {
    const known = looks.get('') ?? (await cambio.listRevocations());
    looks.set('', known, known.at + revocationsFreshFor);
    return known;
  };
  return async (list: string): Promise<string | undefined> => {
    const token = lists.get(list) ?? (await makeStatusListToken(list, { ...cambio, listRevocations }));
    if (token) lists.set(list, token, token.at + freshFor);
    return token?.jwt;
  };
}

function found(token: string): APIGatewayProxyResult {
  const headers = {
    'Content-Type': 'application/statuslist+jwt',
    'Cache-Control': `public, max-age=${listTtl}`,
    ...openToAll,
  };
  return { statusCode: 200, headers, body: token };
}

function notFound(): APIGatewayProxyResult {
  const body = { error: 'invalid_request', error_description: 'no such status list' };
  return json(404, body, { ...openToAll, 'Cache-Control': 'no-store' });
}
