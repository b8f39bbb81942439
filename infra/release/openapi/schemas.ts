// The JSON of answers and of operators' requests as JSON Schema (draft 2020-12, which OpenAPI 3.1 has). Objects are open:
// members may come, and clients ignore what they do not know. Pure.

import { reasons } from '../../../shared/oauth/denial.ts';
import { revocationKinds } from '../../../shared/oauth/revocation/revocation.ts';
import { suspendableKinds } from '../../../shared/oauth/revocation/suspension.ts';
import {
  actorTokenTypes,
  requestableTokenTypes,
  subjectTokenTypes,
  tokenExchangeGrant,
} from '../../../shared/oauth/token-types.ts';
import { keyUses } from '../../../shared/policy/key-purposes.ts';

export type Schema = Readonly<Record<string, unknown>>;

const text = { type: 'string' } as const;
const uri = { type: 'string', format: 'uri' } as const;
const flag = { type: 'boolean' } as const;
const whole = { type: 'integer', minimum: 0 } as const;
const epochSeconds = { ...whole, description: 'Seconds since 1970.' } as const;
export const decisionId = {
  type: 'string',
  format: 'uuid',
  description: 'Leads an operator to the decision.',
} as const;
const outcomes = ['granted', 'refused'] as const;
const reason = { enum: reasons } as const;
const texts = { type: 'array', items: text } as const;
const anything = {} as const;
const withMembers = (schema: object) => ({ type: 'object', additionalProperties: schema }) as const;

/** @param optional may be absent */
function object(required: Readonly<Record<string, Schema>>, optional: Readonly<Record<string, Schema>> = {}): Schema {
  return { type: 'object', properties: { ...required, ...optional }, required: Object.keys(required) };
}

export function named(name: keyof typeof components): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

const metadata = {
  required: {
    issuer: uri,
    token_endpoint: uri,
    introspection_endpoint: uri,
    revocation_endpoint: uri,
    jwks_uri: uri,
    grant_types_supported: texts,
    response_types_supported: texts,
    introspection_signing_alg_values_supported: texts,
    dpop_signing_alg_values_supported: texts,
  },
  optional: {
    mtls_endpoint_aliases: object({ token_endpoint: uri, introspection_endpoint: uri, revocation_endpoint: uri }),
    tls_client_certificate_bound_access_tokens: flag,
    scopes_supported: texts,
    ...Object.fromEntries(
      ['token', 'introspection', 'revocation'].flatMap((endpoint) => [
        [`${endpoint}_endpoint_auth_methods_supported`, texts],
        [`${endpoint}_endpoint_auth_signing_alg_values_supported`, texts],
      ]),
    ),
  },
};

const evaluatedCondition = object(
  { name: text, wanted: { type: 'array' }, matched: flag },
  { got: anything, hint: text },
);

const tokenOfDecision = object(
  { issuer: text, claims: withMembers(anything) },
  { sub: text, jti: text, hashed: withMembers({ anyOf: [text, texts] }), omitted: texts },
);

const sessionOfDecision = object(
  { role_arn: text, name: text, duration: whole, tags: texts },
  { dropped_tags: { type: 'array', items: object({ key: text, problem: text }) }, packed_policy_size: whole },
);

const signingKey = object(
  {
    kid: text,
    use: { enum: keyUses },
    alg: text,
    state: { enum: ['next', 'current', 'previous', 'retired'] },
    key_id: { ...text, description: 'ARN of the KMS key.' },
    since: { ...epochSeconds, description: 'When it came into its state.' },
  },
  { created_at: epochSeconds, signs_from: epochSeconds, signs_until: epochSeconds, published_until: epochSeconds },
);

const suspension = {
  required: { kind: { enum: suspendableKinds }, name: text, reason: text, at: epochSeconds, principal: text },
  optional: { until: epochSeconds },
};

/** Named schemas of the document. */
export const components = {
  TokenResponse: object(
    {
      access_token: { ...text, description: 'The token; for a role the JSON of AwsCredentials.' },
      issued_token_type: { enum: requestableTokenTypes },
      token_type: { enum: ['Bearer', 'DPoP', 'N_A'] },
      expires_in: { type: 'integer', minimum: 1, description: 'Seconds.' },
    },
    { scope: { ...text, description: 'Space-separated.' } },
  ),
  AwsCredentials: object({
    Version: { const: 1 },
    AccessKeyId: text,
    SecretAccessKey: text,
    SessionToken: text,
    Expiration: { type: 'string', format: 'date-time' },
  }),
  ContainerCredentials: object(
    {
      AccessKeyId: text,
      SecretAccessKey: text,
      Token: text,
      Expiration: { type: 'string', format: 'date-time' },
      RoleArn: text,
    },
    { AccountId: text },
  ),
  Introspection: {
    anyOf: [
      { ...object({ active: { const: false } }), additionalProperties: false },
      {
        ...object(
          {
            active: { const: true },
            token_type: { enum: ['Bearer', 'DPoP', 'N_A'] },
            iss: uri,
            sub: text,
            aud: { anyOf: [text, texts] },
            exp: epochSeconds,
            iat: epochSeconds,
            jti: text,
          },
          { client_id: text, scope: text, act: { type: 'object' }, cnf: { type: 'object' } },
        ),
        additionalProperties: true,
        description: 'With every claim of the token but `lineage`.',
      },
    ],
  },
  ServerMetadata: object(metadata.required, metadata.optional),
  OpenidConfiguration: object(
    {
      ...metadata.required,
      subject_types_supported: texts,
      id_token_signing_alg_values_supported: texts,
      claims_supported: texts,
    },
    metadata.optional,
  ),
  JwkSet: object({
    keys: {
      type: 'array',
      items: object(
        { kty: { enum: ['EC', 'RSA', 'OKP'] }, kid: text, alg: text, use: { const: 'sig' } },
        { crv: text, x: text, y: text, n: text, e: text },
      ),
    },
  }),
  Decision: object(
    {
      decision_id: decisionId,
      at: epochSeconds,
      expires_at: epochSeconds,
      outcome: { enum: outcomes },
      rules: {
        type: 'array',
        items: object({ id: text, matched: flag, conditions: { type: 'array', items: evaluatedCondition } }),
      },
      policy: { ...text, description: 'SHA-256 of the compiled policy.' },
    },
    {
      error: text,
      reason,
      detail: text,
      rule: text,
      rules_omitted: whole,
      request: object(
        { audiences: texts, resources: texts },
        { scope: text, requested_token_type: text, client: text, truncated: { const: true } },
      ),
      subject: tokenOfDecision,
      actor: tokenOfDecision,
      issued: object(
        { jti: text, sub: text, client_id: text, audience: text, exp: epochSeconds },
        { scope: text, family: text, session: sessionOfDecision },
      ),
      inactive: { ...text, description: 'Why a token that was looked up is not active.' },
    },
  ),
  Decisions: object(
    {
      decisions: {
        type: 'array',
        items: object({ decision_id: decisionId, at: epochSeconds, outcome: { enum: outcomes } }, { reason }),
      },
    },
    { next: { ...text, description: 'Where the next page begins; there unless this is the last.' } },
  ),
  RevocationRequest: {
    ...object(
      { by: { enum: revocationKinds }, value: { ...text, minLength: 1 }, reason: { ...text, minLength: 1 } },
      { issuedBefore: { ...epochSeconds, description: 'Seconds since 1970; now unless given, never in the future.' } },
    ),
    additionalProperties: false,
  },
  Revocation: object(
    {
      id: text,
      by: { enum: revocationKinds },
      value: text,
      issuedBefore: epochSeconds,
      aws: { enum: ['pending', 'none'] },
    },
    { known: { const: false, description: 'There where the policy knows no such name.' } },
  ),
  SuspensionRequest: {
    ...object(
      { reason: { ...text, minLength: 1 } },
      { until: { ...epochSeconds, description: 'Seconds since 1970, later than now.' } },
    ),
    additionalProperties: false,
  },
  Suspension: object(suspension.required, { ...suspension.optional, known: { const: false } }),
  Keys: object({ keys: { type: 'array', items: signingKey } }),
  RevokedKey: object(
    {
      kid: text,
      kids: { ...texts, description: 'All names it had.' },
      use: { enum: keyUses },
      aws: { enum: ['pending', 'none'] },
      verifiers: object({
        believed_until: { ...epochSeconds, description: 'When caches that heed their lifetimes have forgotten it.' },
        here: text,
        elsewhere: text,
      }),
      keys: { type: 'array', items: signingKey },
    },
    { successor: { ...text, description: 'The key that signs in its place, where it signed.' } },
  ),
  Suspensions: object({ suspensions: { type: 'array', items: object(suspension.required, suspension.optional) } }),
  TenantRequest: {
    ...object({
      yaml: { ...text, minLength: 1, description: 'What the folder of a tenant has in its *.yaml.' },
      tests: { ...text, minLength: 1, description: 'What it has in its *.test.yaml.' },
    }),
    additionalProperties: false,
  },
  Tenant: object({ name: text, yaml: text, tests: text, hash: text, at: epochSeconds, principal: text }),
  TenantPut: object({
    name: text,
    hash: text,
    at: epochSeconds,
    principal: text,
    warnings: { type: 'array', items: text },
  }),
} satisfies Readonly<Record<string, Schema>>;

const token = { ...text, minLength: 1, maxLength: 16_384 };

/** Client credentials in a form; those of `client_secret_basic` are a header. */
const credentials = {
  client_id: text,
  client_secret: text,
  client_assertion: token,
  client_assertion_type: { const: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' },
};

/** Parameters of the form endpoints. */
export const forms = {
  exchange: object(
    {
      grant_type: { const: tokenExchangeGrant },
      subject_token: token,
      subject_token_type: { enum: subjectTokenTypes },
    },
    {
      audience: { ...texts, description: 'Name of an audience or a role; with `resource`, one target in all.' },
      resource: { ...texts, description: "An audience's `resource`, or a role's ARN." },
      scope: { ...text, description: 'Space-separated; all that rule and audience allow unless given.' },
      actor_token: token,
      actor_token_type: { enum: actorTokenTypes },
      requested_token_type: { enum: requestableTokenTypes },
      request_details: { ...text, description: 'A JSON object, for transaction tokens.' },
      request_context: { ...text, description: 'A JSON object, for transaction tokens.' },
      ...credentials,
    },
  ),
  token: object({ token }, { token_type_hint: text, ...credentials }),
} satisfies Readonly<Record<string, Schema>>;

const query = (name: string, schema: Schema, description: string) =>
  ({ name, in: 'query', schema, description, optional: true }) as const;

/** What the list of decisions is asked for. */
export const listing = [
  query('since', epochSeconds, 'An hour before `until` unless given.'),
  query('until', epochSeconds, 'Now unless given.'),
  query('outcome', { enum: outcomes }, 'Both unless given.'),
  query('reason', reason, 'Any unless given.'),
  query('limit', { type: 'integer', minimum: 1, maximum: 500 }, '50 unless given.'),
  query('next', text, 'As the page before answered it.'),
];
