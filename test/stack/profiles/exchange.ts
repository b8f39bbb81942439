// The running local stack with an issuer of every profile: the vendors' tokens are exchanged, and others are not.
import { decodeJwt } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import type { LocalStack } from '../../../infra/local/stack.ts';
import type { ClaimOverrides } from '../../../infra/local/stand-ins/stand-ins.ts';
import { profileCases } from '../../infra/policy/profiles/every-profile.ts';
import { profilesStack } from './stack.ts';

let stack: LocalStack;

beforeAll(async () => {
  stack = await profilesStack();
});

interface Answer {
  readonly status: number;
  readonly token: string;
  readonly error: string | undefined;
}

async function standInToken(issuer: string, overrides: ClaimOverrides): Promise<string> {
  const response = await fetch(`${stack.url}/_local/issuers/${issuer}/token`, {
    method: 'POST',
    body: JSON.stringify(overrides),
  });
  return ((await response.json()) as { token: string }).token;
}

async function exchange(issuer: string, overrides: ClaimOverrides = {}): Promise<Answer> {
  const body = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: await standInToken(issuer, overrides),
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    audience: 'orders-api',
  });
  const response = await fetch(`${stack.url}/token`, { method: 'POST', body });
  const answer = (await response.json()) as { access_token?: string; error?: string };
  return { status: response.status, token: answer.access_token ?? '', error: answer.error };
}

describe.each(Object.entries(profileCases))('a token of %s', (issuer, { other }) => {
  test('is exchanged; with one claim changed, or for somebody else, it is not', async () => {
    const { status, token } = await exchange(issuer);
    expect(status).toBe(200);
    const { sub } = decodeJwt(await standInToken(issuer, {}));
    const issued = decodeJwt(token);
    expect(issued).toMatchObject({ aud: 'orders-api', scope: 'orders:read', client_id: issuer });
    // The step of a Bitbucket token, and with it its sub, is another each time.
    if (issuer !== 'bitbucket') expect(issued.sub).toBe(`${issuer}|${sub}`);
    expect(await exchange(issuer, other)).toMatchObject({ status: 400, error: 'invalid_target' });
    expect(await exchange(issuer, { aud: 'https://other.example' })).toMatchObject({
      status: 400,
      error: 'invalid_request',
    });
  });
});

test('a legacy service account token is refused, the same with exp is not', async () => {
  expect(await exchange('kubernetes', { exp: null })).toMatchObject({ status: 400, error: 'invalid_request' });
  expect((await exchange('kubernetes')).status).toBe(200);
});
