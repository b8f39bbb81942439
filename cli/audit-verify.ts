// `cambio audit verify`: the audit trail, and the functions' log against it; or the log against the decisions that are kept, where
// a line that was taken out cannot be seen. Reads the file, calls GET /admin/decisions/{decision_id} for each decision.
import { isDeepStrictEqual } from 'node:util';
import { isClaims } from '../shared/policy/claims.ts';
import { callAdmin } from './admin-call.ts';
import { CallFailed } from './call-failed.ts';
import type { Machine } from './machine.ts';
import { decisionEvent } from './policy/recorded-decision.ts';
import { printable } from './printable.ts';
import { readText } from './read-text.ts';
import { serverOf } from './server.ts';
import { type TrailOptions, trailVerify } from './trail-verify.ts';
import { exitCodes, type Output, UsageError } from './usage.ts';

export interface AuditVerifyOptions extends Partial<TrailOptions> {
  readonly url?: string | undefined;
}

type Document = Readonly<Record<string, unknown>>;

/** Lines of the log about one decision: more than one where the identical request came again. */
interface Logged {
  readonly id: string;
  readonly lines: readonly Document[];
}

type Comparison = 'agrees' | 'missing' | 'differs';

/** What both hold of a decision; times of writing may be a second apart. */
const compared = ['outcome', 'error', 'reason', 'rule', 'policy', 'issued', 'inactive'];

const atOnce = 8;

/**
 * @returns the exit code: 0 when log and records agree, 1 when a decision is missing or differs
 * @throws CallFailed when the records cannot be read, UsageError for a file without decisions
 */
export async function auditVerify(
  file: string | undefined,
  { trail, ...options }: AuditVerifyOptions,
  output: Output,
  machine: Machine,
): Promise<number> {
  const events = file === undefined ? [] : eventsIn(file);
  if (trail === undefined) {
    if (file === undefined) throw new UsageError('name a log, or the trail with --trail');
    return verifyLog(events, options, output, machine);
  }
  const ofTrail = await trailVerify(events, { ...options, trail }, output, machine);
  const namesServer = options.url !== undefined || machine.environment['CAMBIO_URL'];
  const ofLog = file !== undefined && namesServer ? await verifyLog(events, options, output, machine) : exitCodes.ok;
  return Math.max(ofTrail, ofLog);
}

type Event = NonNullable<ReturnType<typeof fetchableEvent>>;

function eventsIn(file: string): readonly Event[] {
  const events = readText(file)
    .split('\n')
    .map(fetchableEvent)
    .filter((event) => event !== undefined);
  if (events.length === 0) throw new UsageError(`${file}: no line is a decision`);
  return events;
}

async function verifyLog(
  events: readonly Event[],
  options: Pick<AuditVerifyOptions, 'url'>,
  output: Output,
  machine: Machine,
): Promise<number> {
  const now = Math.floor(machine.clock() / 1_000);
  const kept = groupById(events.filter((event) => isKept(event, now)));
  const server = serverOf(options.url, machine);
  const findings = await inTurn(kept, async (logged): Promise<Comparison> => {
    const stored = await find(server.at(`/admin/decisions/${logged.id}`), machine);
    return stored ? compare(logged, stored) : 'missing';
  });
  const wrong = kept.flatMap(({ id }, index) =>
    findings[index] === 'agrees' ? [] : [`${findings[index]}: ${printable(id)}`],
  );
  for (const line of wrong) output.stdout(`${line}\n`);
  const rest = new Set(events.map(({ decision_id: id }) => id)).size - kept.length;
  output.stdout(
    `${kept.length} decisions: ${kept.length - wrong.length} agree, ${wrong.length} do not; ${rest} need not be kept\n`,
  );
  output.stderr('cambio: each line of the file is compared; a line that was taken out of it cannot be seen this way\n');
  return wrong.length > 0 ? exitCodes.refused : exitCodes.ok;
}

/** What is no UUID cannot be fetched. */
function fetchableEvent(line: string) {
  const event = decisionEvent(line);
  return event && /^[0-9a-f-]{36}$/.test(event.decision_id) ? event : undefined;
}

/** Decisions about tokens whose signature verified are kept until they expire; of the others only as many as there is room for. */
function isKept({ outcome, issued, subject, actor, expires_at: expiresAt }: Document, now: number): boolean {
  const verified = [subject, actor].some((token) => isClaims(token) && token['sub'] !== undefined);
  return (outcome === 'granted' ? issued !== undefined : verified) && Number(expiresAt) > now;
}

function groupById(events: readonly Document[]): readonly Logged[] {
  const groups = new Map<string, Document[]>();
  for (const event of events) {
    const id = String(event['decision_id']);
    groups.set(id, [...(groups.get(id) ?? []), event]);
  }
  return [...groups].map(([id, lines]) => ({ id, lines }));
}

async function find(url: URL, machine: Machine): Promise<Document | undefined> {
  try {
    return (await callAdmin({ method: 'GET', url, action: 'GET /admin/decisions/*' }, machine)).json;
  } catch (error) {
    if (error instanceof CallFailed && error.facts.status === 404) return undefined;
    throw error;
  }
}

/** Of identical requests one may have failed while another was answered: the record is of the one that was. */
function compare({ lines }: Logged, stored: Document): Comparison {
  const pick = (document: Document) => compared.map((name) => document[name]);
  return lines.some((line) => isDeepStrictEqual(pick(line), pick(stored))) ? 'agrees' : 'differs';
}

async function inTurn<Item, Answer>(items: readonly Item[], work: (item: Item) => Promise<Answer>): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let start = 0; start < items.length; start += atOnce) {
    answers.push(...(await Promise.all(items.slice(start, start + atOnce).map(work))));
  }
  return answers;
}
