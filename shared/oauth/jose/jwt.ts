// A JWT taken apart before anything in it is believed (RFC 7519, RFC 7515 §7.1, RFC 8725 §3). Pure; verifies nothing.

import { isJsonObject, type JsonObject, type JsonValue } from '../../policy/json.ts';
import type { TokenReason } from '../denial.ts';
import { decodeBase64url } from './base64url.ts';
import { parseStrictJson } from './strict-json.ts';

/** Longest token that is looked at, in characters. */
const maxTokenLength = 16 * 1024;

const maxKidLength = 256;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Header parameters that a verifier would have to act on: keys from inside the token, extensions, encodings. */
const refusedHeaderParameters = ['crit', 'b64', 'zip', 'cty', 'enc'] as const;

export interface ParsedJwt {
  readonly header: {
    readonly alg: string;
    readonly kid: string | undefined;
    /** Lower case, without the `application/` prefix. */
    readonly typ: string | undefined;
  };
  readonly claims: JsonObject;
  readonly compact: string;
}

/** Why a token is not taken; `message` is for operators and has nothing of the token in it. */
export class TokenRefused extends Error {
  readonly reason: TokenReason;

  constructor(reason: TokenReason, message: string) {
    super(message);
    this.name = 'TokenRefused';
    this.reason = reason;
  }
}

/**
 * Takes a compact JWS apart: exactly three canonical base64url parts, header and payload JSON objects in strict form.
 * `jwk`, `jku`, `x5u` and `x5c` are ignored: keys come from the issuer alone (RFC 8725 §3.10).
 * @throws TokenRefused
 */
export function parseJwt(compact: string): ParsedJwt {
  if (compact.length > maxTokenLength) throw new TokenRefused('size', 'longer than 16 KiB');
  const parts = compact.split('.');
  const [header, payload, signature] = parts;
  if (parts.length !== 3 || !header || !payload || !signature) throw malformed('not three non-empty parts');
  if (!decodeBase64url(signature)) throw malformed('signature is not canonical base64url');
  return { header: parseHeader(decodeObject(header, 'header')), claims: decodeObject(payload, 'payload'), compact };
}

/** The `jwk` of a header. Only what proves that its sender holds a key may be verified with it (RFC 9449 §4.2). */
export function embeddedJwk({ compact }: ParsedJwt): JsonValue | undefined {
  return decodeObject(compact.slice(0, compact.indexOf('.')), 'header')['jwk'];
}

function parseHeader(header: JsonObject): ParsedJwt['header'] {
  const refused = refusedHeaderParameters.find((name) => name in header);
  if (refused) throw malformed(`header has ${refused}`);
  const { alg, kid, typ } = header;
  if (typeof alg !== 'string') throw new TokenRefused('algorithm', 'header has no alg');
  if (kid !== undefined && (typeof kid !== 'string' || kid === '' || kid.length > maxKidLength)) {
    throw new TokenRefused('key', 'kid is not a short string');
  }
  if (typ !== undefined && typeof typ !== 'string') throw new TokenRefused('type', 'typ is not a string');
  return { alg, kid, typ: typ?.toLowerCase().replace(/^application\//, '') };
}

function decodeObject(part: string, name: string): JsonObject {
  const bytes = decodeBase64url(part);
  if (!bytes) throw malformed(`${name} is not canonical base64url`);
  try {
    const value = parseStrictJson(utf8.decode(bytes));
    if (isJsonObject(value)) return value;
  } catch (cause) {
    throw malformed(`${name}: ${cause instanceof SyntaxError ? cause.message : 'not UTF-8'}`);
  }
  throw malformed(`${name} is not an object`);
}

function malformed(message: string): TokenRefused {
  return new TokenRefused('malformed', message);
}
