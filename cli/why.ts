// `cambio why DECISION_ID`: the trace of a decision. Calls GET /admin/decisions/{decision_id}, signed with SigV4.
import { conditionLines, ruleLines } from './decision-tree.ts';
import { type Credentials, signRequest } from './sigv4.ts';
import { exitCodes, type Output, UsageError } from './usage.ts';

export interface WhyOptions {
  readonly url?: string | undefined;
  readonly json?: boolean | undefined;
}

export interface WhySurroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Milliseconds. */
  readonly now: () => number;
  readonly fetch: typeof fetch;
}

type Document = Readonly<Record<string, unknown>>;

/** @returns the exit code: 0 found, 1 there is none or the caller may not see it, 2 wrong usage, 3 unavailable */
export async function why(id: string, options: WhyOptions, output: Output, around: WhySurroundings): Promise<number> {
  const url = decisionUrl(id, options.url ?? around.environment['CAMBIO_URL'] ?? 'http://127.0.0.1:8787');
  const headers = signRequest({
    method: 'GET',
    url,
    service: 'execute-api',
    region: regionOf(url, around.environment),
    credentials: credentialsOf(url, around.environment),
    now: new Date(around.now()),
  });
  const answer = await ask(url, headers, around.fetch);
  if (answer.status !== 200) return refused(id, answer, output);
  output.stdout(options.json ? `${JSON.stringify(answer.body)}\n` : `${treeOf(answer.body).join('\n')}\n`);
  return exitCodes.ok;
}

function decisionUrl(id: string, base: string): URL {
  if (!/^[0-9a-f-]{36}$/.test(id))
    throw new UsageError('a decision id is a UUID, as decision_id of an error answer or jti of a token');
  try {
    return new URL(`${base.replace(/\/+$/, '')}/admin/decisions/${id}`);
  } catch {
    throw new UsageError(`${base} is no URL`);
  }
}

interface Answer {
  /** 0 when there was none. */
  readonly status: number;
  readonly body: Document;
}

async function ask(url: URL, headers: Readonly<Record<string, string>>, send: typeof fetch): Promise<Answer> {
  try {
    const response = await send(url, { headers, redirect: 'error', signal: AbortSignal.timeout(10_000) });
    const body: unknown = await response.json();
    return { status: response.status, body: typeof body === 'object' && body !== null ? { ...body } : {} };
  } catch (cause) {
    return { status: 0, body: { error_description: cause instanceof Error ? cause.message : String(cause) } };
  }
}

function refused(id: string, { status, body }: Answer, { stderr }: Output): number {
  const known: Readonly<Record<number, string>> = {
    403: 'not allowed: IAM has to let you call execute-api:Invoke on GET /admin/decisions/*',
    404: 'there is no such decision, or it was long ago',
  };
  const said = body['error_description'] ?? body['message'] ?? 'no words';
  stderr(`cambio: ${id}: ${known[status] ?? `${status || 'no answer'}: ${String(said)}`}\n`);
  return status === 0 || status === 429 || status >= 500 ? exitCodes.unavailable : exitCodes.refused;
}

/** The local stack wants a signature to be there and cannot check it. */
function isLocal({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(hostname);
}

function credentialsOf(url: URL, environment: WhySurroundings['environment']): Credentials {
  if (isLocal(url)) return { accessKeyId: 'LOCALSTACKONLY', secretAccessKey: 'not-a-secret' };
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = environment;
  if (!accessKeyId || !secretAccessKey) throw new UsageError('set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY');
  if (url.protocol !== 'https:') throw new UsageError('the URL must be https, or loopback');
  return { accessKeyId, secretAccessKey, sessionToken: environment['AWS_SESSION_TOKEN'] || undefined };
}

function regionOf({ hostname }: URL, environment: WhySurroundings['environment']): string {
  const [, region] = /\.execute-api\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/.exec(hostname) ?? [];
  return region ?? environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION'] ?? 'us-east-1';
}

function treeOf(decision: Document): readonly string[] {
  const rules = Array.isArray(decision['rules']) ? decision['rules'] : [];
  const omitted = decision['rules_omitted'];
  return [
    headOf(decision),
    ...(typeof decision['detail'] === 'string' ? partLines('because', { detail: decision['detail'] }) : []),
    ...['request', 'subject', 'actor', 'issued'].flatMap((name) => partLines(name, decision[name])),
    'rules',
    ...(rules.length === 0 ? ['  none was evaluated'] : ruleLines(rules)),
    ...(omitted === undefined ? [] : [`  and ${String(omitted)} more`]),
  ];
}

function headOf({ decision_id: id, at, outcome, error, reason, rule }: Document): string {
  const when = typeof at === 'number' ? new Date(at * 1_000).toISOString() : 'unknown time';
  const by = rule === undefined ? '' : ` by ${String(rule)}`;
  const because = error === undefined ? '' : `: ${String(error)}, reason ${String(reason)}`;
  return `${String(id)} ${when} ${String(outcome)}${by}${because}`;
}

function partLines(name: string, part: unknown): readonly string[] {
  if (typeof part !== 'object' || part === null) return [];
  const { claims, session, ...facts } = part as Document;
  const values = { ...facts, ...(typeof claims === 'object' ? claims : {}) };
  const conditions = Object.entries(values).map(([key, got]) => ({ name: key, wanted: [], got, matched: true }));
  const lines = conditionLines(conditions).map((line) => line.replace('✓ ', ''));
  return [name, ...lines, ...partLines('session', session)];
}
