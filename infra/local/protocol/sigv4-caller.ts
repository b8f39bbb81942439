// The caller of an emulator, read from the SigV4 Authorization header. Signatures are not verified: no secret is known here. Pure.

import type { IncomingHttpHeaders } from 'node:http';
import type { PrincipalOf } from './calls.ts';

export interface Caller {
  readonly accessKeyId: string;
  /** ARN. */
  readonly principal: string;
}

/** Why a caller is not known; each protocol has its own code for it. */
export type Unauthenticated = 'missing-token' | 'incomplete-signature' | 'wrong-scope' | 'unknown-key';

export type CallerOrReason = Caller | { readonly reason: Unauthenticated; readonly message: string };

export interface CallerScope {
  readonly service: string;
  /** Regions a credential may be scoped to. */
  readonly regions: readonly string[];
  readonly principalOf: PrincipalOf;
}

const algorithm = 'AWS4-HMAC-SHA256';
const accessKeyPattern = /^\w{16,128}$/;

/** The caller, or why there is none. */
export function findCaller(headers: IncomingHttpHeaders, scope: CallerScope): CallerOrReason {
  const { authorization } = headers;
  if (!authorization) return refused('missing-token', 'Missing Authentication Token');
  const fields = parseAuthorization(authorization);
  const gaps = [...missingFields(fields), ...missingDate(headers)];
  if (gaps.length > 0) return refused('incomplete-signature', gaps.join(' '));
  return callerOfCredential(fields.get('Credential') ?? '', headers, scope);
}

function parseAuthorization(authorization: string): ReadonlyMap<string, string> {
  if (!authorization.startsWith(`${algorithm} `)) return new Map();
  const pairs = authorization.slice(algorithm.length).split(',');
  return new Map(pairs.map((pair) => splitOnce(pair.trim(), '=')));
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function missingFields(fields: ReadonlyMap<string, string>): readonly string[] {
  return ['Credential', 'Signature', 'SignedHeaders']
    .filter((name) => !fields.get(name))
    .map((name) => `Authorization header requires '${name}' parameter.`);
}

function missingDate(headers: IncomingHttpHeaders): readonly string[] {
  if (headers['x-amz-date'] || headers.date) return [];
  return ["Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."];
}

function callerOfCredential(credential: string, headers: IncomingHttpHeaders, scope: CallerScope): CallerOrReason {
  const [accessKeyId = '', date = '', region = '', service = '', terminator, ...rest] = credential.split('/');
  if (terminator === undefined || rest.length > 0 || !accessKeyPattern.test(accessKeyId)) {
    return refused('incomplete-signature', 'Credential must have exactly 5 slash-delimited elements.');
  }
  const wrong = wrongScope({ date, region, service, terminator }, headers, scope);
  if (wrong) return refused('wrong-scope', wrong);
  const principal = scope.principalOf(accessKeyId);
  if (!principal) return refused('unknown-key', 'The security token included in the request is invalid.');
  return { accessKeyId, principal };
}

interface CredentialScope {
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly terminator: string;
}

function wrongScope(is: CredentialScope, headers: IncomingHttpHeaders, wanted: CallerScope): string | undefined {
  if (is.service !== wanted.service) return `Credential should be scoped to correct service: '${wanted.service}'.`;
  if (!wanted.regions.includes(is.region)) return 'Credential should be scoped to a valid region.';
  if (is.terminator !== 'aws4_request') return "Credential should be scoped with a valid terminator: 'aws4_request'.";
  const requestDate = headers['x-amz-date'];
  if (typeof requestDate === 'string' && requestDate.slice(0, 8) !== is.date) {
    return 'Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP.';
  }
  return undefined;
}

function refused(reason: Unauthenticated, message: string): CallerOrReason {
  return { reason, message };
}
