// A decision as an item of the records table (docs/storage.md). Its attributes are those that conditions, indexes and other
// functions read; all else is one JSON document, deflated where the item would be more than one write unit. Pure.
import { type ListPart, minuteOf, shards } from '../../oauth/decision/decision-list.ts';
import type { DecisionRecord, Ending, IssuedFacts, TokenRecord } from '../../oauth/decision/decision-record.ts';
import type { Reason } from '../../oauth/denial.ts';
import type { EvaluatedRule } from '../../policy/evaluate.ts';
import type { RecordedClaims } from '../../policy/recorded-claims.ts';
import type { AttributeValue, Item } from '../dynamodb.ts';
import { decidedPart, decisionKey, listedTokens } from './record-keys.ts';
import { revocationName } from './revocations.ts';

/** Bytes of an item that cost one write. */
export const writeUnit = 1_024;
/** No document is longer: the record is bounded, and this only says so once more where it is read. */
const maxDocumentBytes = 131_072;

/** What may be derived, or is empty, is left out. */
interface StoredDocument {
  readonly policy: string;
  readonly rule?: string | undefined;
  readonly rules: readonly StoredRule[];
  readonly omitted?: number;
  readonly request?: Partial<NonNullable<DecisionRecord['request']>> | undefined;
  readonly subject?: StoredToken | undefined;
  readonly actor?: StoredToken | undefined;
  readonly issued?: IssuedFacts | undefined;
  readonly error?: string;
  readonly detail?: string | undefined;
}

type StoredRule = readonly [id: string, matched: 0 | 1, conditions: readonly StoredCondition[]];
type Condition = EvaluatedRule['conditions'][number];
type StoredCondition = readonly [
  name: string,
  matched: 0 | 1,
  wanted: Condition['wanted'],
  got?: unknown,
  hint?: string,
];
type StoredToken = Pick<TokenRecord, 'issuer'> & Partial<RecordedClaims>;

/** @param enters whether it is in the list of decisions */
export function decisionItem(record: DecisionRecord, enters: boolean): Item {
  const { decisionId, attempt, at, expiresAt, ending, handleHash, status, correlation, sha256 } = record;
  const item = {
    pk: { S: decisionKey(decisionId) },
    ...attributes({ attempt, at, expiresAt, handleHash, outcome: ending.outcome }),
    ...(ending.outcome === 'refused' && attributes({ reason: ending.reason })),
    ...bytesAttributes({ ref: correlation, in: sha256?.subject, out: sha256?.issued }),
    ...(status && listing(status)),
    ...(enters && attributes({ decided: decidedPart(listPartOf(record)) })),
  };
  const text = JSON.stringify(storedDocument(record));
  const isShort = bytesOf({ ...item, doc: { S: text } }) <= writeUnit;
  return { ...item, doc: isShort ? { S: text } : { B: deflated(text) } };
}

/** The decision of an item, also of one that a former version wrote. */
export function decisionOf(decisionId: string, item: Item): DecisionRecord {
  const text = item['doc']?.S ?? (item['doc']?.B === undefined ? undefined : inflated(item['doc'].B));
  const document = text === undefined ? formerDocument(item) : (JSON.parse(text) as StoredDocument);
  return {
    decisionId,
    attempt: item['attempt']?.S ?? '',
    ...identified(item),
    at: Number(item['at']?.N),
    expiresAt: Number(item['expiresAt']?.N),
    policyHash: document.policy,
    ending: endingOf(item, document),
    rule: document.rule,
    trace: { rules: document.rules.map(ruleOf), omitted: document.omitted ?? 0 },
    request: document.request && { audiences: [], resources: [], scope: undefined, ...document.request },
    subject: document.subject && tokenOf(document.subject),
    actor: document.actor && tokenOf(document.actor),
  };
}

function storedDocument({ policyHash, rule, trace, request, subject, actor, ending }: DecisionRecord): StoredDocument {
  return {
    policy: policyHash,
    rule,
    rules: trace.rules.map(storedRule),
    ...(trace.omitted > 0 && { omitted: trace.omitted }),
    request: request && storedRequest(request),
    subject: subject && storedToken(subject),
    actor: actor && storedToken(actor),
    ...(ending.outcome === 'granted' ? { issued: ending.issued } : { error: ending.error, detail: ending.detail }),
  };
}

function storedRequest({ audiences, resources, ...rest }: NonNullable<DecisionRecord['request']>) {
  return { ...withoutEmpty({ audiences, resources }), ...rest };
}

function storedRule({ id, matched, conditions }: EvaluatedRule): StoredRule {
  return [id, matched ? 1 : 0, conditions.map(storedCondition)];
}

function storedCondition({ name, wanted, got, matched, hint }: Condition): StoredCondition {
  const needed = [name, matched ? 1 : 0, wanted] as const;
  if (hint !== undefined) return [...needed, got, hint];
  return got === undefined ? needed : [...needed, got];
}

function ruleOf([id, matched, conditions]: StoredRule): EvaluatedRule {
  return { id, matched: matched === 1, conditions: conditions.map(conditionOf) };
}

/** In JSON an undefined element is null, which no claim is that a condition has got. */
function conditionOf([name, matched, wanted, got, hint]: StoredCondition): Condition {
  return { name, wanted, got: got ?? undefined, matched: matched === 1, ...(hint !== undefined && { hint }) };
}

/** `sub` and `jti` are those of its claims. */
function storedToken({ issuer, claims, hashed, omitted }: TokenRecord): StoredToken {
  return { issuer, ...withoutEmpty({ claims, hashed, omitted }) };
}

function tokenOf({ issuer, claims = {}, hashed = {}, omitted = [] }: StoredToken): TokenRecord {
  const { sub, jti } = claims;
  return {
    issuer,
    ...(typeof sub === 'string' && { sub }),
    ...(typeof jti === 'string' && { jti }),
    ...{ claims, hashed, omitted },
  };
}

/** Of lists and objects those that have something in them. */
function withoutEmpty<Members extends Readonly<Record<string, object>>>(members: Members): Partial<Members> {
  const full: Partial<Members> = {};
  for (const name in members) if (Object.keys(members[name] ?? {}).length > 0) full[name] = members[name];
  return full;
}

function endingOf(item: Item, { issued, error = '', detail }: StoredDocument): Ending {
  if (item['outcome']?.S === 'granted') return { outcome: 'granted', ...(issued && { issued }) };
  const reason = item['reason']?.S as Reason | undefined;
  return { outcome: 'refused', error, reason, ...(detail !== undefined && { detail }) };
}

/** What stood in attributes of their own before there was a document. */
function formerDocument(item: Item): StoredDocument {
  const text = (name: string): string | undefined => item[name]?.S;
  const structured = (name: string) => JSON.parse(text(name) ?? 'null') ?? undefined;
  const rules = (structured('rules') ?? []) as readonly EvaluatedRule[];
  const session = structured('session') as IssuedFacts['session'];
  const issued = {
    exp: Number(item['exp']?.N),
    sub: text('sub') ?? '',
    clientId: text('clientId') ?? '',
    audience: text('audience') ?? '',
    scope: text('scope'),
    family: text('family'),
    ...(session && { session }),
  };
  return {
    policy: text('policyHash') ?? '',
    rule: text('rule'),
    rules: rules.map(storedRule),
    omitted: Number(item['rulesOmitted']?.N ?? 0),
    request: structured('request'),
    subject: structured('subjectToken'),
    actor: structured('actorToken'),
    ...(item['exp'] && { issued }),
    error: text('error') ?? '',
    detail: text('detail'),
  };
}

/** The part of the list that a decision lies in: the same however often it is written. */
function listPartOf({ decisionId, at, ending }: Pick<DecisionRecord, 'decisionId' | 'at' | 'ending'>): ListPart {
  // Ids are random, digit by digit.
  const shard = Number.parseInt(decisionId.slice(0, 1), 16) % shards || 0;
  return { outcome: ending.outcome, minute: minuteOf(at), shard };
}

/** What a Status List is computed from. */
function listing({ list, index, revocableBy }: NonNullable<DecisionRecord['status']>) {
  const revocationKeys = revocableBy.map((part) => [revocationName(part), part.issuedAt]);
  const listed = listedTokens(list);
  return attributes({ listed, statusIndex: index, revocationKeys: JSON.stringify(revocationKeys) });
}

function attributes(values: Readonly<Record<string, string | number | undefined>>): Item {
  const item: Record<string, AttributeValue> = {};
  for (const name in values) {
    const value = values[name];
    if (typeof value === 'number') item[name] = { N: String(value) };
    if (typeof value === 'string') item[name] = { S: value };
  }
  return item;
}

/** As bytes, hexadecimal text takes half. */
function bytesAttributes(values: Readonly<Record<string, string | undefined>>): Item {
  const item: Record<string, AttributeValue> = {};
  for (const name in values) {
    const hex = values[name];
    if (hex !== undefined) item[name] = { B: Buffer.from(hex, 'hex').toString('base64') };
  }
  return item;
}

function identified(item: Item): Pick<DecisionRecord, 'correlation' | 'sha256'> {
  const hexOf = (name: string) => item[name]?.B && Buffer.from(item[name].B, 'base64').toString('hex');
  const [correlation, subject, issued] = ['ref', 'in', 'out'].map(hexOf);
  const sha256 = { ...(subject && { subject }), ...(issued && { issued }) };
  return { ...(correlation && { correlation }), ...(Object.keys(sha256).length > 0 && { sha256 }) };
}

/**
 * The size of an item, as DynamoDB counts it.
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
 */
export function bytesOf(item: Item): number {
  let sum = 0;
  for (const name in item) sum += Buffer.byteLength(name) + bytesOfValue(item[name] ?? {});
  return sum;
}

function bytesOfValue({ S, N, B }: AttributeValue): number {
  if (S !== undefined) return Buffer.byteLength(S);
  // Two digits are a byte, and every number one more.
  if (N !== undefined) return Math.ceil(N.length / 2) + 1;
  return Buffer.byteLength(B ?? '', 'base64');
}

// Loaded when it is needed: most decisions need none, and a cold start has no time for it.
const zlib = () => process.getBuiltinModule('node:zlib');

function deflated(text: string): string {
  // Little memory is enough, and its allocation is a quarter of the time. A long text repeats itself, as any level finds.
  const effort = text.length > 4_096 ? { level: 1 } : { level: 6, windowBits: 12 };
  return zlib()
    .deflateRawSync(text, { ...effort, memLevel: 4, chunkSize: 2_048 })
    .toString('base64');
}

function inflated(base64: string): string {
  return zlib().inflateRawSync(Buffer.from(base64, 'base64'), { maxOutputLength: maxDocumentBytes }).toString('utf8');
}
