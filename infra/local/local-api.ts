// The `/_local` routes, which exist in the local stack alone: tokens of the stand-ins and their list. Pure but for them.
import type { GatewayAnswer, GatewayRequest } from './gateway-message.ts';
import type { ClaimOverrides, StandIns } from './stand-ins.ts';
import { isObject } from './template.ts';

export const localPrefix = '/_local';
const maxBytes = 64 * 1024;

/** Answers a request whose path begins with {@link localPrefix}. */
export async function answerLocal(standIns: StandIns, request: GatewayRequest): Promise<GatewayAnswer> {
  if (request.path === `${localPrefix}/issuers`) {
    return request.method === 'GET' ? json(200, { issuers: standIns.list() }) : notAllowed('GET');
  }
  const [, name] = /^\/_local\/issuers\/([^/]+)\/token$/.exec(request.path) ?? [];
  if (!name)
    return refuse(
      404,
      `no such endpoint; there are GET ${localPrefix}/issuers and POST ${localPrefix}/issuers/{name}/token`,
    );
  if (request.method !== 'POST') return notAllowed('POST');
  return issueToken(standIns, name, request);
}

async function issueToken(standIns: StandIns, name: string, request: GatewayRequest): Promise<GatewayAnswer> {
  if (request.body.length > maxBytes) return refuse(413, `body over ${maxBytes} bytes`);
  const overrides = parseOverrides(request.body.toString('utf8'));
  if (!overrides) return refuse(400, 'the body must be a JSON object of claims');
  const token = await standIns.tokenOf(name, overrides);
  return token === undefined ? refuse(404, explain(standIns, name)) : json(200, { token });
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
