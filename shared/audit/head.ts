// A head of the audit trail: where every chain ends that may still grow, signed. The first line is a compact JWS (RFC 7515) over the
// SHA-256 of the others. Heads are a chain themselves. Pure.
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { type Claims, isClaims } from '../policy/claims.ts';
import { dayOf, numbered, sha256Of } from './trail-object.ts';

/** The end of one chain. */
export interface ChainEnd {
  readonly chain: string;
  readonly index: number;
  /** Of the chain's last object, hex. */
  readonly sha256: string;
}

export interface Head {
  /** From 1. */
  readonly number: number;
  /** Epoch seconds. */
  readonly at: number;
  /** SHA-256 of the whole head before it, hex; absent of the first. */
  readonly previous?: string | undefined;
  readonly chains: readonly ChainEnd[];
}

/** Public members of a P-256 key (RFC 7518 §6.2.1). */
export interface HeadJwk {
  readonly kty: 'EC';
  readonly crv: 'P-256';
  readonly x: string;
  readonly y: string;
}

export const headsFolder = 'heads/';
const keysFolder = 'keys/';
/** Seconds from one head to the next. */
export const headInterval = 900;
const typ = 'cambio-audit-head';
const headName = /^heads\/(\d{4}-\d\d-\d\d)\/(\d{10})\.head$/;
const keyName = /^keys\/(audit\.[\w-]{43})\.jwk\.json$/;

export function nameOfHead({ number, at }: Pick<Head, 'number' | 'at'>): string {
  return `${headsFolder}${dayOf(at * 1_000)}/${numbered(number)}.head`;
}

/** Undefined for what is no name of a head. */
export function numberIn(name: string): number | undefined {
  const [, , number] = headName.exec(name) ?? [];
  return number === undefined ? undefined : Number(number);
}

export function nameOfKey(kid: string): string {
  return `${keysFolder}${kid}.jwk.json`;
}

/** Undefined for what is no name of a key. */
export function kidIn(name: string): string | undefined {
  return keyName.exec(name)?.[1];
}

/** What the key is for, and its thumbprint (RFC 7638). */
export function kidOf({ crv, kty, x, y }: HeadJwk): string {
  const thumbprint = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
  return `audit.${thumbprint}`;
}

/** What is to be signed of a head, as ASCII: at most a few hundred bytes, however many chains there are. */
export function signingInputOf(head: Head, kid: string): string {
  const { number, at, previous } = head;
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${encode({ alg: 'ES256', typ, kid })}.${encode({ number, at, previous, sha256: sha256Of(linesOf(head)) })}`;
}

/** @param signature in JWS form */
export function headText(head: Head, input: string, signature: Uint8Array): string {
  return `${input}.${Buffer.from(signature).toString('base64url')}\n${linesOf(head)}`;
}

function linesOf({ chains }: Pick<Head, 'chains'>): string {
  return chains.map(({ chain, index, sha256 }) => `${JSON.stringify({ chain, index, sha256 })}\n`).join('');
}

export interface SignedHead extends Head {
  readonly kid: string;
  /** Whether the key's owner signed it. */
  readonly isSignedBy: (key: KeyObject) => boolean;
}

/** @throws Error when it is no head, or the lines are not those that were signed */
export function readHead(text: string): SignedHead {
  const end = text.indexOf('\n');
  const lines = text.slice(end + 1);
  const [header = '', payload = '', signature = ''] = text.slice(0, end).split('.');
  const { alg, typ: type, kid } = decoded(header);
  const { number, at, previous, sha256 } = decoded(payload);
  const chains = lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
  if (alg !== 'ES256' || type !== typ || typeof kid !== 'string') throw new TypeError('it is no head');
  if (typeof number !== 'number' || typeof at !== 'number' || !chains.every(isChainEnd)) {
    throw new TypeError('it is no head');
  }
  if (sha256 !== sha256Of(lines)) throw new TypeError('its chains are not those that were signed');
  const isSignedBy = (key: KeyObject): boolean =>
    verify(
      'sha256',
      Buffer.from(`${header}.${payload}`),
      { key, dsaEncoding: 'ieee-p1363' },
      Buffer.from(signature, 'base64url'),
    );
  return { number, at, ...(typeof previous === 'string' && { previous }), chains, kid, isSignedBy };
}

function decoded(part: string): Claims {
  const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  if (!isClaims(value)) throw new TypeError('it is no head');
  return value;
}

function isChainEnd(value: unknown): value is ChainEnd {
  if (!isClaims(value)) return false;
  const { chain, index, sha256 } = value;
  return typeof chain === 'string' && Number.isSafeInteger(index) && typeof sha256 === 'string';
}

/** @throws Error when it is no key of heads */
export function readKey(text: string): { readonly kid: string; readonly key: KeyObject } {
  const value: unknown = JSON.parse(text);
  const { kty, crv, x, y } = isClaims(value) ? value : {};
  if (kty !== 'EC' || crv !== 'P-256' || typeof x !== 'string' || typeof y !== 'string') {
    throw new TypeError('it is no P-256 key');
  }
  const jwk = { kty, crv, x, y } as const;
  return { kid: kidOf(jwk), key: createPublicKey({ key: jwk, format: 'jwk' }) };
}
