// The `/_local` routes, which exist in the local stack alone: tokens and assertions of the stand-ins, and their list. Pure but for them.

import type { GatewayAnswer, GatewayRequest } from '../gateway/message.ts';
import { isObject } from '../template/stack-template.ts';
import type { ClientStandIns } from './client-stand-ins.ts';
import type { ClaimOverrides, StandIns } from './stand-ins.ts';

export const localPrefix = '/_local';
const maxBytes = 64 * 1024;

export interface LocalIssuers {
  readonly standIns: StandIns;
  readonly clientStandIns: ClientStandIns;
  /** The stack's own issuer, for which assertions are made. */
  readonly issuer: string;
}

const endpoints = [
  `GET ${localPrefix}/issuers`,
  `POST ${localPrefix}/issuers/{name}/token`,
  `POST ${localPrefix}/clients/{name}/assertion`,
];

/** A tenant's name has a slash. */
const route =
  /^\/_local\/(?:(?<kind>issuers)(?=\/.+\/token$)|clients(?=\/.+\/assertion$))\/(?<name>[^/]+(?:\/[^/]+)?)\/[^/]+$/;

/** Answers a request whose path begins with {@link localPrefix}. */
export async function answerLocal(local: LocalIssuers, request: GatewayRequest): Promise<GatewayAnswer> {
  if (request.path === `${localPrefix}/issuers`) {
    return request.method === 'GET' ? json(200, { issuers: local.standIns.list() }) : notAllowed('GET');
  }
  const { kind, name } = route.exec(request.path.replaceAll(/%2f/gi, '/'))?.groups ?? {};
  if (!name) return refuse(404, `no such endpoint; there are ${endpoints.join(', ')}`);
  if (request.method !== 'POST') return notAllowed('POST');
  return withOverrides(request, (overrides) =>
    kind === 'issuers' ? issueToken(local, name, overrides) : issueAssertion(local, name, overrides),
  );
}

async function withOverrides(
  { body }: GatewayRequest,
  issue: (overrides: ClaimOverrides) => Promise<GatewayAnswer>,
): Promise<GatewayAnswer> {
  if (body.length > maxBytes) return refuse(413, `body over ${maxBytes} bytes`);
  const overrides = parseOverrides(body.toString('utf8'));
  return overrides ? issue(overrides) : refuse(400, 'the body must be a JSON object of claims');
}

async function issueToken({ standIns }: LocalIssuers, name: string, overrides: ClaimOverrides): Promise<GatewayAnswer> {
  const token = await standIns.tokenOf(name, overrides);
  return token === undefined ? refuse(404, explain(standIns, name)) : json(200, { token });
}

async function issueAssertion(local: LocalIssuers, name: string, overrides: ClaimOverrides): Promise<GatewayAnswer> {
  const assertion = await local.clientStandIns.assertionOf(name, local.issuer, overrides);
  if (assertion !== undefined) return json(200, { assertion });
  return refuse(404, 'nothing stands in for this client: only for one whose jwksUri is not on loopback');
}

function explain(standIns: StandIns, name: string): string {
  const issuer = standIns.list().find((listed) => listed.name === name);
  return issuer ? `nothing stands in for this issuer: ${issuer.reason}` : 'the policy has no issuer of this name';
}

function parseOverrides(text: string): ClaimOverrides | undefined {
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function notAllowed(allow: string): GatewayAnswer {
  const answer = refuse(405, `only ${allow}`);
  return { ...answer, headers: [...answer.headers, ['Allow', allow]] };
}

function refuse(status: number, description: string): GatewayAnswer {
  return json(status, { error: 'invalid_request', error_description: description });
}

function json(status: number, value: unknown): GatewayAnswer {
  return {
    status,
    headers: [
      ['Content-Type', 'application/json'],
      ['Cache-Control', 'no-store'],
    ],
    body: JSON.stringify(value),
  };
}
