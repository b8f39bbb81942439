// Every operation of the HTTP interface: who calls it, what it takes, what it answers when all is well, and which refusals
// it has. docs/http.md says the same in words. Pure.
import { suspendableKinds } from '../../../shared/oauth/revocation/suspension.ts';
import { credentialsRefusals, type Kind, type Refusal, refusals } from './refusals.ts';
import { decisionId, forms, listing, named, type Schema } from './schemas.ts';

/** Who may call: anybody, clients by Basic beside what the form has, the bearer of a token, AWS principals by SigV4. */
export type Caller = 'anyone' | 'client' | 'bearer' | 'aws';

/** How refusals are written; with what is found in a body that is a policy, `findings`. */
export type ErrorForm = 'oauth' | 'sdk' | 'event' | 'findings';

export interface Content {
  readonly type: string;
  readonly schema: Schema;
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly schema: Schema;
  readonly description?: string;
  readonly optional?: true;
}

export interface Operation {
  readonly id: string;
  readonly summary: string;
  readonly callers: Caller;
  readonly parameters?: readonly Parameter[];
  readonly body?: Content;
  /** Without content, the answer has no body. */
  readonly success: { readonly status: number; readonly description: string; readonly content?: readonly Content[] };
  readonly refusals: readonly Refusal[];
  /** Default `oauth`. */
  readonly errors?: ErrorForm;
  /** Refusals name the decision. */
  readonly decides?: true;
  /** HEAD is answered, too. */
  readonly head?: true;
}

const json = (schema: Schema): Content => ({ type: 'application/json', schema });
const form = (schema: Schema): Content => ({ type: 'application/x-www-form-urlencoded', schema });
const jwt = (type: string): Content => ({ type, schema: { type: 'string', description: 'A JWT in compact form.' } });

const caller: readonly Kind[] = [
  'content_type',
  'body_too_large',
  'parameter',
  'client',
  'client_methods',
  'suspended',
];
const failure: readonly Kind[] = ['throttled', 'unavailable'];
const target: readonly Kind[] = ['target', 'no_rule', 'denied', 'scope', 'role_session', 'sts', 'suspended'];
const administration: readonly Kind[] = ['body_too_large', 'parameter', 'unavailable'];

const document = (id: string, summary: string, schema: Schema): Operation => ({
  id,
  summary,
  callers: 'anyone',
  head: true,
  success: { status: 200, description: 'The document.', content: [json(schema)] },
  refusals: refusals(['unavailable']),
});

const suspension: readonly Parameter[] = [
  { name: 'kind', in: 'path', schema: { enum: suspendableKinds } },
  { name: 'name', in: 'path', schema: { type: 'string' }, description: "The `/` of a tenant's name stands as it is." },
];

const tenantName: Parameter = { name: 'name', in: 'path', schema: { type: 'string' } };

/** Methods of each path, in small letters. */
export const operations: Readonly<Record<string, Readonly<Record<string, Operation>>>> = {
  '/token': {
    post: {
      id: 'exchangeToken',
      summary: 'Token exchange (RFC 8693).',
      callers: 'client',
      decides: true,
      body: form(forms.exchange),
      success: { status: 200, description: 'What was issued.', content: [json(named('TokenResponse'))] },
      refusals: refusals([
        ...caller,
        'grant_type',
        'token_type',
        'dpop',
        'dpop_nonce',
        'certificate',
        'token',
        'signing_input',
        ...target,
        ...failure,
      ]),
    },
  },
  '/credentials': {
    get: {
      id: 'getCredentials',
      summary: 'AWS credentials, as the container credential provider of the AWS SDKs asks for them.',
      callers: 'bearer',
      decides: true,
      errors: 'sdk',
      parameters: [{ name: 'role', in: 'query', schema: { type: 'string' }, description: 'Name or ARN of a role.' }],
      success: { status: 200, description: 'Credentials.', content: [json(named('ContainerCredentials'))] },
      refusals: credentialsRefusals(['parameter', 'token_type', 'dpop', 'dpop_nonce', 'token', ...target, ...failure]),
    },
  },
  '/introspect': {
    post: {
      id: 'introspectToken',
      summary: 'Token introspection (RFC 7662; RFC 9701 where the request accepts it).',
      callers: 'client',
      decides: true,
      body: form(forms.token),
      success: {
        status: 200,
        description: 'What the token says, to a client of its audience.',
        content: [json(named('Introspection')), jwt('application/token-introspection+jwt')],
      },
      refusals: refusals([...caller, 'token', 'signing_input', ...failure]),
    },
  },
  '/revoke': {
    post: {
      id: 'revokeToken',
      summary: 'Token revocation (RFC 7009).',
      callers: 'client',
      decides: true,
      body: form(forms.token),
      success: { status: 200, description: 'The token is not active.', content: [json({ type: 'object' })] },
      refusals: refusals([...caller, 'token', 'foreign_token', 'irrevocable', ...failure]),
    },
  },
  '/.well-known/oauth-authorization-server': {
    get: document('getServerMetadata', 'Authorization server metadata (RFC 8414).', named('ServerMetadata')),
  },
  '/.well-known/openid-configuration': {
    get: document('getOpenidConfiguration', 'OpenID Connect Discovery.', named('OpenidConfiguration')),
  },
  '/.well-known/jwks.json': { get: document('getKeys', 'The public keys (RFC 7517).', named('JwkSet')) },
  '/status-lists/{id}': {
    get: {
      id: 'getStatusList',
      summary: 'A Token Status List, as a signed JWT.',
      callers: 'anyone',
      head: true,
      parameters: [{ name: 'id', in: 'path', schema: { type: 'string' } }],
      success: { status: 200, description: 'The list.', content: [jwt('application/statuslist+jwt')] },
      refusals: [...refusals(['unavailable']), notFound()],
    },
  },
  '/events': {
    post: {
      id: 'receiveEvent',
      summary: 'Security event tokens of issuers (RFC 8935).',
      callers: 'anyone',
      errors: 'event',
      body: jwt('application/secevent+jwt'),
      success: { status: 202, description: 'Taken.' },
      refusals: refusals(['body_too_large', 'unavailable']),
    },
  },
  '/admin/revocations': {
    post: {
      id: 'revoke',
      summary: 'Revocation by operators.',
      callers: 'aws',
      body: json(named('RevocationRequest')),
      success: { status: 200, description: 'In force.', content: [json(named('Revocation'))] },
      refusals: refusals(administration),
    },
  },
  '/admin/decisions': {
    get: {
      id: 'listDecisions',
      summary: 'The latest decisions, newest first.',
      callers: 'aws',
      head: true,
      parameters: listing,
      success: { status: 200, description: 'Decisions.', content: [json(named('Decisions'))] },
      refusals: refusals(['parameter', 'unavailable']),
    },
  },
  '/admin/decisions/{decision_id}': {
    get: {
      id: 'getDecision',
      summary: 'One decision with its trace.',
      callers: 'aws',
      head: true,
      parameters: [{ name: 'decision_id', in: 'path', schema: decisionId }],
      success: { status: 200, description: 'The decision.', content: [json(named('Decision'))] },
      refusals: [...refusals(['parameter', 'unavailable']), notFound()],
    },
  },
  '/admin/keys': {
    get: {
      id: 'listKeys',
      summary: 'The keyring: every signing key, what it is for, and what becomes of it when.',
      callers: 'aws',
      head: true,
      success: { status: 200, description: 'The keys.', content: [json(named('Keys'))] },
      refusals: refusals(['unavailable']),
    },
  },
  '/admin/keys/rotate': {
    post: {
      id: 'rotateKeys',
      summary: 'Gives every key that signs a successor, as soon as that one has been published for long enough.',
      callers: 'aws',
      success: { status: 200, description: 'The keys as they are now.', content: [json(named('Keys'))] },
      refusals: refusals(['unavailable']),
    },
  },
  '/admin/keys/{kid}/revoke': {
    post: {
      id: 'revokeKey',
      summary: 'Ends a key at once: it is not published, its successor signs, and what it signed is refused.',
      callers: 'aws',
      parameters: [{ name: 'kid', in: 'path', schema: { type: 'string' } }],
      success: { status: 200, description: 'In force.', content: [json(named('RevokedKey'))] },
      refusals: [...refusals(['unavailable']), notFound()],
    },
  },
  '/admin/suspensions': {
    get: {
      id: 'listSuspensions',
      summary: 'The suspensions that hold.',
      callers: 'aws',
      head: true,
      success: { status: 200, description: 'The suspensions.', content: [json(named('Suspensions'))] },
      refusals: refusals(['unavailable']),
    },
  },
  '/admin/suspensions/{kind}/{name}': {
    put: {
      id: 'suspend',
      summary: 'Suspends an issuer, client, rule, audience or role.',
      callers: 'aws',
      parameters: suspension,
      body: json(named('SuspensionRequest')),
      success: { status: 200, description: 'In force.', content: [json(named('Suspension'))] },
      refusals: refusals(administration),
    },
    delete: {
      id: 'resume',
      summary: 'Ends a suspension, also one that is not there.',
      callers: 'aws',
      parameters: suspension,
      success: { status: 204, description: 'It does not hold.' },
      refusals: refusals(administration),
    },
  },
  // Only where the root policy says `tenants: { source: table }`.
  '/admin/tenants/{name}': {
    get: {
      id: 'tenant',
      summary: 'A tenant as it was put.',
      callers: 'aws',
      parameters: [tenantName],
      head: true,
      success: { status: 200, description: 'The tenant.', content: [json(named('Tenant'))] },
      refusals: [...refusals(['parameter', 'unavailable']), notFound()],
    },
    put: {
      id: 'putTenant',
      summary: 'Compiles, tests and puts a tenant, in force within 60 s.',
      callers: 'aws',
      parameters: [tenantName],
      body: json(named('TenantRequest')),
      success: { status: 200, description: 'Put.', content: [json(named('TenantPut'))] },
      errors: 'findings',
      refusals: [...refusals(administration), conflict()],
    },
    delete: {
      id: 'removeTenant',
      summary: 'Removes a tenant, also one that is not there.',
      callers: 'aws',
      parameters: [tenantName],
      success: { status: 204, description: 'It is not there.' },
      refusals: [...refusals(['parameter', 'unavailable']), conflict()],
    },
  },
};

/** What another tenant has, or a change that came first. */
function conflict(): Refusal {
  return { status: 409, code: 'invalid_request', headers: [] };
}

function notFound(): Refusal {
  return { status: 404, code: 'invalid_request', headers: [] };
}
