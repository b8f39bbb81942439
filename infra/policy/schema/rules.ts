// `audiences`, `roles` and `rules` of the policy language as zod schemas: what is issued, and to whom. Pure.
import { z } from 'zod';
import { closed, duration, filled, match, name, oneOrMore, reference, scope, signingAlgorithm } from './values.ts';

export const audience = closed({
  resource: filled.optional().describe('Absolute URI; becomes `aud` and may be named by `resource=`.'),
  scopes: z.array(scope).optional(),
  format: z.enum(['jwt', 'reference']).optional(),
  ttl: duration.optional().describe('Lifetime of an issued token. Default 5m.'),
  maxTtl: duration.optional().describe('The most a rule may give. Default 15m.'),
  binding: z
    .enum(['dpop', 'mtls'])
    .optional()
    .describe('Required proof of possession: of a key (RFC 9449), or of the TLS certificate (RFC 8705).'),
  alg: signingAlgorithm.optional().describe('Default ES256.'),
  status: z.boolean().optional().describe('Tokens carry a Token Status List reference.'),
});

export const role = closed({
  arn: filled.optional().describe('May come from TypeScript instead.'),
  externalId: filled.optional().describe('Sent with every AssumeRole.'),
  via: z
    .enum(['assume-role', 'web-identity'])
    .optional()
    .describe('Default assume-role: sessions up to 1h. web-identity: as OIDC provider of IAM, up to 12h.'),
  revocable: z.boolean().optional().describe('Its sessions end when their run, subject or family is revoked.'),
  ttl: duration.optional().describe('Lifetime of a session, at least 15m. Default 1h.'),
  maxTtl: duration.optional().describe('The most a rule may give. Default what STS allows.'),
});

const tag = z.union([
  z.string(),
  closed({ value: z.string(), required: z.boolean().optional(), sanitize: z.boolean().optional() }),
]);

const grant = closed({
  audience: reference.optional(),
  role: reference.optional(),
  scopes: z.array(scope).optional(),
  claims: z.record(filled, z.string()).optional().describe('Claims of the issued token: "${claims.x}" copies one.'),
  ttl: duration.optional(),
  tags: z.record(filled, tag).optional().describe('Session tags of a role: "${claims.x}" by key, the important first.'),
  sourceIdentity: filled.optional().describe("Template of the session's source identity."),
  transitive: z.array(filled).optional().describe('Keys of the tags that chained sessions inherit.'),
  sessionPolicy: z.record(z.string(), z.unknown()).optional().describe('IAM policy that limits the session.'),
  policyArns: z.array(filled).optional().describe('Managed policies that limit the session.'),
});

const deny = z.union([z.literal(true), closed({ audience: reference.optional(), role: reference.optional() })]);

const actor = closed({
  from: reference,
  match: match.optional(),
  maxDepth: z
    .int()
    .min(1, 'a depth is at least 1')
    .max(16, 'a depth is at most 16')
    .optional()
    .describe('Most `act` levels in the issued token. Default 3.'),
});

export const rule = closed({
  id: name,
  from: reference.describe('The issuer of the subject token, or `self`.'),
  client: oneOrMore(reference).optional().describe('One, a list, or `any` (any authenticated client).'),
  actor: actor.optional(),
  match: match.optional().describe('Claims the token must have; `*` and `**` are globs.'),
  when: z.record(filled, filled).optional().describe('Named CEL conditions.'),
  outlive: z.boolean().optional().describe('The issued token may outlive its subject token.'),
  grant: grant.optional(),
  deny: deny.optional(),
});
