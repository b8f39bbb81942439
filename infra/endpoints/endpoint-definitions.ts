// What each endpoint's function is made of: its code, exactly the settings and rights it needs, how long it may take.
import type { Duration } from 'aws-cdk-lib';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { DecisionIndex } from '../../shared/config.ts';
import type { PolicyArtifact } from '../../shared/policy/compiled-policy.ts';
import type { DocumentsBucket } from '../documents/documents-bucket.ts';
import type { FunctionEntry } from '../function-entries.ts';
import type { Signers, SigningKeys } from '../keys/signing-keys.ts';
import type { TenantKey } from '../keys/tenant-key.ts';
import type { RecordsTable } from '../records-table.ts';
import type { SessionRevocations } from '../roles/session-revocations.ts';
import type { Settings } from './endpoint-function.ts';
import {
  asksUpstream,
  assertionStatements,
  hasEvents,
  hasStatus,
  hasWebIdentities,
  isAnswered,
  referenceStatements,
  revokeStatements,
  usedStatement,
} from './endpoint-rights.ts';
import { budgetSettings, type ServiceBudget } from './service-budget.ts';

/** What the parts are made from. */
export interface PartsProps {
  readonly artifact: PolicyArtifact;
  /** JSON of the values for the artifact's holes, when it has any. */
  readonly policyValues: string | undefined;
  /** What the token function may do at STS. */
  readonly roleStatements: readonly PolicyStatement[];
  readonly issuer: string;
  readonly apiBase: string;
  /** … for callers with a certificate, where a domain has mutual TLS. */
  readonly mtlsBase: string | undefined;
  readonly records: RecordsTable;
  readonly signingKeys: SigningKeys;
  /** Where the keys are published, if not by the API alone. */
  readonly documents: DocumentsBucket | undefined;
  /** How long a key signs. */
  readonly keyRotation: Duration;
  /** How long decisions are kept. */
  readonly decisionRetention: Duration;
  /** Which decisions enter the list of decisions. */
  readonly decisionIndex: DecisionIndex;
  /** What the token function may ask of KMS and STS. */
  readonly budget: ServiceBudget;
  /** Of the MAC over the tenants that are put at run time, where the policy lets there be any. */
  readonly tenantKey: TenantKey | undefined;
  /** Ends sessions of AWS roles, where some are revocable. */
  readonly sessionRevocations: SessionRevocations | undefined;
}

export interface EndpointPart {
  readonly entry: FunctionEntry;
  readonly route: string;
  readonly seconds: number;
  readonly settings: Settings;
  readonly statements?: readonly PolicyStatement[];
  readonly withPolicy?: boolean;
  /** It makes decisions, whose requests can be traced. */
  readonly decides?: boolean;
  /** It fetches keys from issuers and clients. */
  readonly callsIssuers?: boolean;
}

/** It decides by the policy, tenants that were put at run time included. */
function withTenants({ tenantKey, records }: PartsProps, part: EndpointPart): EndpointPart {
  if (!tenantKey) return part;
  return {
    ...part,
    settings: { ...part.settings, tenantKey: tenantKey.arn },
    statements: [
      ...(part.statements ?? []),
      records.statement(['tenants', 'tenant'], ['GetItem']),
      tenantKey.statement('VerifyMac'),
    ],
  };
}

export function tenantsPart(props: PartsProps, tenantKey: TenantKey): EndpointPart {
  const { records, mtlsBase } = props;
  return {
    entry: 'tenants',
    route: '/admin/tenants/{name}',
    seconds: 20,
    withPolicy: true,
    settings: {
      ...{ recordsTable: records.name, tenantKey: tenantKey.arn, ...valuesOf(props) },
      // Without it no connection has a certificate, which is said to whoever puts a client with one.
      ...(mtlsBase !== undefined && { mtlsBase }),
    },
    statements: [
      records.statement(['tenants', 'tenant'], ['GetItem', 'PutItem']),
      records.statement('tenant', ['UpdateItem']),
      tenantKey.statement('GenerateMac', 'VerifyMac'),
    ],
  };
}

export function tokenPart(props: PartsProps): EndpointPart {
  const { artifact, signingKeys, records, roleStatements } = props;
  const decider = deciding(props, 'token', 'POST /token and GET /credentials');
  return withTenants(props, {
    ...decider,
    // Proofs of possession are made for the URLs below it.
    settings: { ...decider.settings, ...basesOf(props), ...budgetSettings(props.budget) },
    statements: [
      ...signingKeys.signStatements('token'),
      ...(hasWebIdentities(artifact) ? signingKeys.signStatements('session') : []),
      ...(asksUpstream(artifact) ? signingKeys.signStatements('answer') : []),
      records.statement('keyring', ['GetItem']),
      signingKeys.verifyStatement(),
      records.statement('decision', ['PutItem']),
      records.statement(['revoked', 'suspended'], ['BatchGetItem']),
      // Every caller may prove a key, and a proof is used once.
      usedStatement(records),
      records.statement('nonce', ['GetItem', 'UpdateItem']),
      ...referenceStatements(artifact, records, 'written'),
      ...(hasStatus(artifact) ? [records.statement('statusSeries', ['UpdateItem'])] : []),
      records.statement('quota', ['GetItem', 'UpdateItem']),
      ...roleStatements,
    ],
  });
}

export function introspectPart(props: PartsProps): EndpointPart {
  const { artifact, signingKeys, records } = props;
  return withTenants(props, {
    ...deciding(props, 'introspect', 'POST /introspect'),
    statements: [
      ...(isAnswered(artifact) ? signingKeys.signStatements('answer') : []),
      records.statement('keyring', ['GetItem']),
      signingKeys.verifyStatement(),
      records.statement('decision', ['PutItem']),
      records.statement(['revoked', 'suspended'], ['BatchGetItem']),
      ...assertionStatements(artifact, records),
      ...referenceStatements(artifact, records, 'read'),
    ],
  });
}

export function revokePart(props: PartsProps): EndpointPart {
  const { artifact, signingKeys, records } = props;
  return withTenants(props, {
    ...deciding(props, 'revoke', 'POST /revoke'),
    statements: [
      records.statement('keyring', ['GetItem']),
      signingKeys.verifyStatement(),
      records.statement('decision', ['PutItem']),
      ...revokeStatements(artifact, records),
      ...(asksUpstream(artifact) ? signingKeys.signStatements('answer') : []),
      ...assertionStatements(artifact, records),
      ...referenceStatements(artifact, records, 'read'),
    ],
  });
}

export function adminRevocationsPart(props: PartsProps): EndpointPart {
  const { records, signingKeys, sessionRevocations } = props;
  return withTenants(props, {
    entry: 'admin-revocations',
    route: 'POST /admin/revocations',
    seconds: 10,
    withPolicy: true,
    settings: {
      ...keyringOf(props),
      ...valuesOf(props),
      ...(sessionRevocations && { sessionRevocations: sessionRevocations.functionArn }),
    },
    statements: [
      records.statement('revoked', ['PutItem']),
      records.statement(['decision', 'keyring'], ['GetItem']),
      signingKeys.verifyStatement(),
      ...(sessionRevocations ? [sessionRevocations.invokeStatement()] : []),
    ],
  });
}

export function suspensionsPart(props: PartsProps): EndpointPart {
  const { records, signingKeys } = props;
  return withTenants(props, {
    entry: 'suspensions',
    route: '/admin/suspensions',
    seconds: 10,
    withPolicy: true,
    settings: { ...keyringOf(props), ...valuesOf(props) },
    statements: [
      records.statement('suspended', ['BatchGetItem', 'PutItem']),
      records.listedStatement(),
      // Whose age it measures.
      records.statement('keyring', ['GetItem']),
      signingKeys.verifyStatement(),
    ],
  });
}

export function discoveryPart(props: PartsProps): EndpointPart {
  return {
    entry: 'discovery',
    route: 'server metadata',
    seconds: 5,
    withPolicy: true,
    settings: { issuer: props.issuer, ...basesOf(props), ...valuesOf(props) },
  };
}

export function decisionsPart(props: PartsProps): EndpointPart {
  const { records, decisionIndex } = props;
  return {
    entry: 'decisions',
    route: 'GET /admin/decisions and GET /admin/decisions/{decision_id}',
    seconds: 10,
    withPolicy: true,
    settings: { recordsTable: records.name, decisionIndex, ...valuesOf(props) },
    statements: [
      records.statement('decision', ['GetItem']),
      ...(decisionIndex === 'none' ? [] : [records.decidedStatement()]),
    ],
  };
}

export function jwksPart(props: PartsProps): EndpointPart {
  const { records, signingKeys } = props;
  return {
    entry: 'jwks',
    route: 'GET /.well-known/jwks.json',
    seconds: 5,
    settings: keyringOf(props),
    statements: [records.statement('keyring', ['GetItem']), signingKeys.verifyStatement()],
  };
}

/** Shows and changes the keyring, by request and by schedule. */
export function keysPart(props: PartsProps, signers: Signers): EndpointPart {
  const { records, signingKeys, sessionRevocations, keyRotation, documents } = props;
  const keySigners = signingKeys.signersText(signers);
  return {
    entry: 'keys',
    route: '/admin/keys, and the rotation of keys',
    // Keys are made one after the other.
    seconds: 60,
    withPolicy: true,
    settings: {
      ...keyringOf(props),
      ...valuesOf(props),
      keyringTag: signingKeys.keyring,
      ...(keySigners !== undefined && { keySigners }),
      ...(signingKeys.wrapping && { wrappingKey: signingKeys.wrapping.keyArn }),
      keyRotation: String(keyRotation.toSeconds()),
      ...(documents && { documentsBucket: documents.name }),
      ...(sessionRevocations && { sessionRevocations: sessionRevocations.functionArn }),
    },
    statements: [
      records.statement('keyring', ['GetItem', 'PutItem']),
      records.statement('revoked', ['PutItem']),
      signingKeys.sealStatement(),
      ...signingKeys.rotateStatements(),
      ...(documents ? [documents.writeStatement('keySet')] : []),
      ...(sessionRevocations ? [sessionRevocations.invokeStatement()] : []),
    ],
  };
}

/** Signs lists where some audience has them; everywhere else there is none, and it has no rights. */
export function statusListsPart(props: PartsProps): EndpointPart {
  const { artifact, signingKeys, records, issuer } = props;
  const statements = [
    ...signingKeys.signStatements('status'),
    records.statement('keyring', ['GetItem']),
    signingKeys.verifyStatement(),
    records.statement('statusSeries', ['GetItem']),
    records.listedStatement(),
  ];
  return {
    entry: 'status-lists',
    route: 'GET /status-lists/{id}',
    seconds: 10,
    settings: { issuer, ...keyringOf(props) },
    statements: hasStatus(artifact) ? statements : [records.statement('statusSeries', ['GetItem'])],
  };
}

export function eventsPart(props: PartsProps): EndpointPart {
  const { artifact, records } = props;
  const statements = [
    records.statement('revoked', ['PutItem']),
    records.statement('suspended', ['BatchGetItem']),
    records.statement('used', ['PutItem', 'UpdateItem']),
  ];
  return withTenants(props, {
    entry: 'events',
    route: 'POST /events',
    seconds: 10,
    withPolicy: true,
    callsIssuers: true,
    settings: { recordsTable: records.name, ...valuesOf(props) },
    statements: hasEvents(artifact) ? statements : [],
  });
}

/** An endpoint that authenticates callers and keeps decisions. */
function deciding(props: PartsProps, entry: FunctionEntry, route: string) {
  const decisionRetention = String(props.decisionRetention.toSeconds());
  const { issuer, decisionIndex } = props;
  const settings = { issuer, ...keyringOf(props), decisionRetention, decisionIndex, ...valuesOf(props) };
  return { entry, route, seconds: 10, withPolicy: true, callsIssuers: true, decides: true, settings } as const;
}

/** Where the keyring is, and how it is known. */
function keyringOf({ records, signingKeys }: Pick<PartsProps, 'records' | 'signingKeys'>) {
  return { recordsTable: records.name, keyringMac: signingKeys.mac.keyArn };
}

function basesOf({ apiBase, mtlsBase }: Pick<PartsProps, 'apiBase' | 'mtlsBase'>): Settings {
  return { apiBase, ...(mtlsBase !== undefined && { mtlsBase }) };
}

function valuesOf({ policyValues }: Pick<PartsProps, 'policyValues'>): Settings {
  return policyValues === undefined ? {} : { policyValues };
}
