// A world with clients that introspect, revoke and hop, for what comes after issuance.
import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { type DecisionFacts, newDecision } from '../../../shared/oauth/decision/decision.ts';
import { Refused } from '../../../shared/oauth/denial.ts';
import { type Introspection, introspect } from '../../../shared/oauth/introspection.ts';
import { oauthError } from '../../../shared/oauth/oauth-error.ts';
import { parseForm } from '../../../shared/oauth/request/form.ts';
import { revoke } from '../../../shared/oauth/revoke.ts';
import { tokenTypes } from '../../../shared/oauth/token-types.ts';
import type { AllowRule, Client, CompiledPolicy, TrustedIssuer } from '../../../shared/policy/compiled-policy.ts';
import { formBody, github, makeWorld, ordersRule, policy, run, verdict, type World } from '../../world.ts';

const secret = 'secret';
const sha256 = createHash('sha256').update(secret).digest('hex');
const client = (name: string, introspects: readonly string[]): Client => ({
  name,
  auth: { method: 'client_secret', sha256 },
  introspects,
});

/** Tokens of it carry a CI run, and may be used once where a test says so. */
export const ci: TrustedIssuer = { ...github, claims: { ...github.claims, run_id: 'string' }, run: ['run_id'] };

const hop = (id: string, audience: string, scopes: readonly string[]): AllowRule => ({
  id,
  from: 'self',
  client: ['orders', 'payments'],
  match: [],
  grant: { audience, scopes, claims: {}, ttl: 300 },
});
const scopes = ['orders:read', 'orders:write'];
const orders = policy.audiences['orders-api'] ?? expect.fail('no such audience');
const payments = policy.audiences['payments-api'] ?? expect.fail('no such audience');

export const served: CompiledPolicy = {
  ...policy,
  issuers: { github: ci },
  clients: {
    orders: client('orders', ['orders-api', 'opaque']),
    payments: client('payments', ['payments-api']),
  },
  audiences: {
    ...policy.audiences,
    'payments-api': { ...payments, scopes },
    opaque: { ...orders, name: 'opaque', resource: 'https://opaque.acme.example', format: 'reference' },
  },
  rules: [
    ...policy.rules,
    { ...ordersRule, id: 'opaque', grant: { ...ordersRule.grant, audience: 'opaque' } },
    hop('hop', 'payments-api', scopes),
    hop('back', 'orders-api', scopes),
  ],
};

export const lifecycle = (changes: Partial<CompiledPolicy> = {}, cambio: Parameters<typeof makeWorld>[0] = {}): World =>
  makeWorld(cambio, { ...served, ...changes });

export const as = (name: string) => ({
  authorization: `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`,
  dpop: undefined,
});
export const nobody = { authorization: undefined, dpop: undefined };

export async function issued(at: World, body = formBody(), headers = nobody as Parameters<typeof run>[2]) {
  const outcome = await run(body, at, headers);
  if (!('granted' in outcome)) return expect.fail(verdict(outcome));
  return { token: outcome.granted.access_token, claims: outcome.claims };
}

export const exchanged = (token: string, audience: string): string =>
  formBody({ subject_token: token, subject_token_type: tokenTypes.accessToken, audience });

/** A → B → C, the last two by clients, and D beside B. */
export async function family(at: World) {
  const a = await issued(at);
  const b = await issued(at, exchanged(a.token, 'payments-api'), as('orders'));
  const c = await issued(at, exchanged(b.token, 'orders-api'), as('payments'));
  const d = await issued(at, exchanged(a.token, 'payments-api'), as('payments'));
  return { a, b, c, d };
}

interface Asked<Answer> {
  readonly answer?: Answer;
  readonly error?: string;
  readonly decision: DecisionFacts;
}

async function ask<Answer>(at: World, work: (decision: DecisionFacts) => Promise<Answer>): Promise<Asked<Answer>> {
  const decision = newDecision(at.newId(), 'attempt');
  try {
    return { answer: await work(decision), decision };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const { error: code, reason, status } = oauthError(error.denial);
    return { error: `${status} ${code}/${reason}`, decision };
  }
}

type Parameters_ = Readonly<Record<string, string>>;

export async function introspected(
  at: World,
  token: string,
  headers: ReturnType<typeof as> | typeof nobody = as('orders'),
  extra: Parameters_ = {},
): Promise<Asked<Introspection>> {
  const form = parseForm(new URLSearchParams({ token, ...extra }).toString());
  return ask(at, async (decision) => (await introspect({ form, headers }, at.after, decision)).introspection);
}

/** `active`, or why not. */
export async function state(at: World, token: string, name = 'orders'): Promise<string> {
  const { answer, decision, error } = await introspected(at, token, as(name));
  return error ?? (answer?.active ? 'active' : `inactive: ${decision.inactive}`);
}

/** `done`, or the refusal. */
export async function revoked(
  at: World,
  token: string,
  headers: ReturnType<typeof as> | typeof nobody = as('orders'),
  extra: Parameters_ = {},
): Promise<string> {
  const form = parseForm(new URLSearchParams({ token, ...extra }).toString());
  const { error } = await ask(at, (decision) => revoke({ form, headers }, at.after, decision));
  return error ?? 'done';
}
