// `cambio audit verify --trail`: whether the trail is whole, and whether it and the functions' log have the same decisions.
import { createPublicKey } from 'node:crypto';
import { type HeadJwk, kidOf } from '../shared/audit/head.ts';
import { type TrailReport, verifyTrail } from '../shared/audit/verify-trail.ts';
import { type Claims, isClaims } from '../shared/policy/claims.ts';
import { epochSeconds } from './epoch-seconds.ts';
import type { Machine } from './machine.ts';
import { printable } from './printable.ts';
import { readText } from './read-text.ts';
import { trailReaderOf } from './trail-reader.ts';
import { exitCodes, type Output, UsageError } from './usage.ts';

export interface TrailOptions {
  /** Folder or `s3://BUCKET`. */
  readonly trail: string;
  readonly key?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

/** A decision of the log. */
type Line = Claims & { readonly decision_id: string };

/** What both say of a decision. */
interface Said {
  readonly outcome: unknown;
  readonly reason: unknown;
  readonly rule: unknown;
  readonly sub: unknown;
  readonly audience: unknown;
}

/** Seconds from a decision to its event, which a head that is as old need not have. */
const lag = 300;

/**
 * @param lines of the log; empty where none was given
 * @returns the exit code: 0 for a whole trail that has every line, 1 for any finding
 * @throws CallFailed when the bucket cannot be read, UsageError for wrong options
 */
export async function trailVerify(
  lines: readonly Line[],
  options: TrailOptions,
  output: Output,
  machine: Machine,
): Promise<number> {
  const events = new Map<string, (Said & { readonly at: number })[]>();
  let recorded = 0;
  const kids = options.key === undefined ? undefined : options.key.split(',').map(kidFrom);
  const report = await verifyTrail(trailReaderOf(options.trail, machine), {
    until: options.until === undefined ? Math.floor(machine.clock() / 1_000) : epochSeconds('--until', options.until),
    ...(options.since !== undefined && { since: epochSeconds('--since', options.since) }),
    kids,
    onEvent: (event) => {
      if (event['class_uid'] === 2004) recorded += 1;
      const [id, said] = saidBy(event) ?? [];
      if (id !== undefined && said) events.set(id, [...(events.get(id) ?? []), said]);
    },
  });
  const compared = compareLog(lines, events, report.signedUntil ?? 0);
  for (const finding of [...report.findings, ...compared.findings]) output.stdout(`${printable(finding)}\n`);
  output.stdout(`${summaryOf(report)}\n`);
  if (recorded > 0) output.stdout(`trail: ${recorded} of its events are findings themselves (class_uid 2004)\n`);
  if (lines.length > 0) output.stdout(`${compared.summary}\n`);
  if (kids === undefined && report.kids.length > 0) {
    const key = report.kids.join(', ');
    output.stderr(
      `cambio: signed by ${key}: give --key with what was written down of it, or the trail vouches for itself\n`,
    );
  }
  return report.findings.length + compared.findings.length > 0 ? exitCodes.refused : exitCodes.ok;
}

function summaryOf({ findings, heads, objects, events, unsigned, signedUntil }: TrailReport): string {
  const size = `${heads} heads, ${objects} objects, ${events} events`;
  const until =
    signedUntil === undefined ? 'not signed' : `signed until ${new Date(signedUntil * 1_000).toISOString()}`;
  const verdict = findings.length === 0 ? 'complete' : `${findings.length} findings`;
  return `trail: ${verdict}: ${size}, ${until}; ${unsigned} events behind the last head`;
}

/** What an event of a decision says, by the decision's id. */
function saidBy(event: Claims): readonly [string, Said & { readonly at: number }] | undefined {
  const { class_uid: of, status_id: status, status_code: reason, actor, time, unmapped, user, service } = event;
  const id = isClaims(unmapped) ? unmapped['decision_id'] : undefined;
  if (of !== 3002 || typeof id !== 'string') return undefined;
  const [authorization] = isClaims(actor) && Array.isArray(actor['authorizations']) ? actor['authorizations'] : [];
  const policy: unknown = isClaims(authorization) ? authorization['policy'] : undefined;
  const rule = isClaims(policy) ? policy['name'] : undefined;
  const sub = isClaims(user) ? user['uid'] : undefined;
  const audience = isClaims(service) ? service['name'] : undefined;
  return [id, { outcome: status === 1 ? 'granted' : 'refused', reason, rule, sub, audience, at: Number(time) / 1_000 }];
}

function compareLog(
  lines: readonly Line[],
  events: ReadonlyMap<string, readonly (Said & { readonly at: number })[]>,
  signedUntil: number,
) {
  // A line that says of a decision of the trail that it was nobody's differs from it.
  const kept = lines.filter((line) => isKept(line) || events.has(line.decision_id));
  const findings: string[] = [];
  let early = 0;
  for (const line of kept) {
    const id = line.decision_id;
    const said = events.get(id) ?? [];
    if (said.some((event) => agrees(event, line))) continue;
    if (said.length > 0) findings.push(`differs from its line in the log: ${id}`);
    else if (Number(line['at']) + lag > signedUntil) early += 1;
    else findings.push(`missing in the trail: ${id}`);
  }
  const unlogged = withoutLine(lines, events);
  findings.push(...unlogged.map((id) => `missing in the log: ${id}`));
  const rest = early > 0 ? `; ${early} too young to be in a signed part` : '';
  return { findings, summary: `log: ${kept.length} decisions, ${findings.length} findings${rest}` };
}

/** A decision whose tokens are genuine is in the trail; of the others only as many as there was room for. */
function isKept({ outcome, issued, subject, actor }: Claims): boolean {
  const verified = [subject, actor].some((token) => isClaims(token) && token['sub'] !== undefined);
  return outcome === 'granted' ? issued !== undefined : verified;
}

function agrees(event: Said, { outcome, error, reason, rule, issued }: Claims): boolean {
  const expected = outcome === 'granted' ? undefined : (reason ?? error);
  const same = event.outcome === outcome && event.reason === expected && event.rule === rule;
  return same && (!isClaims(issued) || (event.sub === issued['sub'] && event.audience === issued['audience']));
}

/** Decisions of the trail between the first and the last line of the log that have no line in it. */
function withoutLine(
  lines: readonly Line[],
  events: ReadonlyMap<string, readonly { readonly at: number }[]>,
): readonly string[] {
  const times = lines.map(({ at }) => Number(at)).filter(Number.isFinite);
  const first = times.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const last = times.reduce((a, b) => Math.max(a, b), 0);
  const logged = new Set(lines.map(({ decision_id: id }) => id));
  const within = ({ at }: { readonly at: number }): boolean => at > first && at < last;
  return [...events].filter(([id, said]) => !logged.has(id) && said.some(within)).map(([id]) => id);
}

/** A key's id, or that of the key in a file: PEM, or a JWK. */
function kidFrom(text: string): string {
  if (/^audit\.[\w-]{43}$/.test(text)) return text;
  const file = readText(text);
  try {
    const key = file.trimStart().startsWith('{')
      ? createPublicKey({ key: JSON.parse(file) as never, format: 'jwk' })
      : createPublicKey(file);
    return kidOf(key.export({ format: 'jwk' }) as unknown as HeadJwk);
  } catch {
    throw new UsageError(`--key: ${text} is neither a key id (audit.…) nor a file with a public key`);
  }
}
