// `issuers` and `clients` of the policy language as zod schemas: whose tokens and which callers. Pure.
import { z } from 'zod';
import { profileNames } from '../profiles/registry.ts';
import {
  claimType,
  closed,
  day,
  duration,
  filled,
  jwks,
  match,
  oneOrMore,
  rate,
  reference,
  sha256,
  skew,
  verificationAlgorithm,
} from './values.ts';

const burst = z
  .int()
  .min(1, 'a burst is at least 1')
  .max(100_000, 'a burst is at most 100000')
  .describe('How many at once, after a pause. Default: the number in the rate.');

const introspection = closed({
  url: filled.describe('Introspection endpoint of the issuer (RFC 7662).'),
  client: filled.describe('Client id of Cambio at the issuer; it authenticates with a key of its own JWK Set.'),
  cache: skew.optional().describe('How long a positive answer is used again. Default 0s.'),
});

const events = closed({
  audience: filled.describe('Exact `aud` of its security event tokens.'),
  authorization: closed({ sha256 }).optional().describe('SHA-256 of the whole Authorization header value.'),
});

/** Editors offer the names; one that is none is told with the nearest that is. */
const profile = filled.meta({ description: 'A token profile.', enum: profileNames });

/** A map may have a claim named `profile`, or `more`: only where `more` is a map itself is the first a profile. */
const claims = z.union([
  profile,
  closed({
    profile,
    more: z.record(filled, claimType).describe('Claims that the vendor has added since.'),
  }),
  z.record(filled, claimType),
]);

export const issuer = closed({
  url: filled.optional().describe('Exact `iss` of the tokens. May come from TypeScript instead.'),
  audience: oneOrMore(filled).describe('The `aud` of an accepted token must name one of these.'),
  claims: claims
    .optional()
    .describe(
      'A token profile, `{ profile, more }` with claims it does not know, or a map of claim name to type. Registered claims are always known.',
    ),
  jwksUri: filled.optional().describe('Where the keys are; without it and `jwks`, OIDC discovery tells.'),
  jwks: jwks.optional().describe('The public keys themselves.'),
  algorithms: z.array(verificationAlgorithm).min(1, 'name an algorithm').optional(),
  ca: filled
    .optional()
    .describe('A private certificate authority: PEM, or a file beside the policy. Public ones are then not trusted.'),
  tokenTypes: z
    .array(z.enum(['jwt', 'id_token', 'access_token']))
    .min(1, 'name a token type')
    .optional(),
  maxAge: duration.optional().describe('Most time since `iat`. Default: no limit.'),
  maxLifetime: duration.optional().describe('Most time between `iat` and `exp`. Default 24h.'),
  clockSkew: skew.optional().describe('Default 60s.'),
  singleUse: z.boolean().optional().describe('Each token is taken once.'),
  subject: filled.optional().describe('Template of the whole issued `sub`, with a literal prefix of its own.'),
  introspection: introspection.optional().describe('Ask the issuer whether a token is still good.'),
  events: events.optional().describe('Take its security event tokens (RFC 8417) at /events.'),
  quota: closed({
    rate,
    burst: burst.optional(),
    per: z.enum(['subject', 'issuer']).optional().describe('What is counted together. Default: issuer.'),
  })
    .optional()
    .describe('How often callers that do not authenticate may exchange its tokens.'),
  network: z.enum(['public', 'private']).optional().describe('private: the host may resolve to RFC 1918 addresses.'),
  private: z.array(filled).optional().describe('Claims kept only as salted hashes in decisions and audit.'),
});

const notAfter = day.optional().describe('The last day, in UTC, on which it is accepted.');

const privateKeyJwt = closed({ jwksUri: filled.optional(), jwks: jwks.optional(), notAfter });

const secret = closed({ sha256, notAfter });

const certificate = closed({
  san_dns: filled.optional(),
  san_uri: filled.optional(),
  san_ip: filled.optional(),
  san_email: filled.optional(),
  subject_dn: filled.optional().describe('As RFC 4514 writes it: the most specific part first.'),
  notAfter,
});

const selfSigned = closed({ certificates: oneOrMore(filled).describe('PEM of its certificates.'), notAfter });

const auth = closed({
  private_key_jwt: oneOrMore(privateKeyJwt).optional(),
  federated: closed({ issuer: reference, match: match.optional() }).optional(),
  client_secret_basic: oneOrMore(secret)
    .optional()
    .describe('SHA-256 of the secret, hexadecimal; several while it changes.'),
  client_secret_post: oneOrMore(secret).optional().describe('The same secret in the form; either way is accepted.'),
  tls_client_auth: oneOrMore(certificate)
    .optional()
    .describe('What its certificate says, exactly one thing (RFC 8705 §2.1.2).'),
  self_signed_tls_client_auth: oneOrMore(selfSigned).optional().describe('Its own certificates (RFC 8705 §2.2).'),
});

export const client = closed({
  auth,
  introspects: z.array(reference).optional().describe('Audiences whose tokens it may introspect.'),
  quota: closed({ rate, burst: burst.optional() }).optional().describe('How often it may exchange.'),
});
