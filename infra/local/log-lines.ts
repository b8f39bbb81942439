// What functions write to their log, as one line for whoever looks on. Pure. What is told of a decision was written by strangers.
import { printable } from '../../cli/printable.ts';
import type { LogLine } from './lambda/function.ts';

type Facts = Readonly<Record<string, unknown>>;

/** One line: of a decision its time, outcome, who, what for, why and its id; of anything else, what it says. */
export function readableLine({ function: name, line }: LogLine): string {
  const entry = parsed(line);
  if (!entry) return printable(`${name} ${line}`, longest);
  const { message, timestamp, event } = entry;
  const time = typeof timestamp === 'string' ? timestamp.slice(11, 19) : '--:--:--';
  const facts = factsOf(event);
  const said = 'outcome' in facts ? decisionText(String(message), facts) : otherText(entry, facts);
  return printable(`${time} ${said}`, longest);
}

/** Characters; a trace goes to `cambio why`. */
const longest = 600;

function decisionText(message: string, { outcome, decision_id: id, ...facts }: Facts): string {
  const { error, reason, detail, inactive } = facts;
  const ruled = facts['rule'] === undefined ? '' : ` by ${String(facts['rule'])}`;
  const isGranted = outcome === 'granted';
  const why = isGranted ? [inactive] : [error, reason];
  const because = why.filter((each) => each !== undefined).join(', ');
  const told = !isGranted && typeof detail === 'string' ? ` (${detail})` : '';
  const end = `${because === '' ? '' : `: ${because}`}${told} decision_id=${String(id)}`;
  return `${String(outcome)} ${whoOf(facts)} ${whatFor(message, facts)}${ruled}${end}`;
}

function whoOf({ subject, actor, request }: Facts): string {
  const { client } = factsOf(request);
  const parts = [
    ...nameOf(factsOf(subject)),
    ...nameOf(factsOf(actor)).map((name) => `acted for by ${name}`),
    ...(typeof client === 'string' && client !== '' ? [`through ${client}`] : []),
  ];
  return parts.length > 0 ? parts.join(' ') : 'nobody known';
}

function nameOf({ issuer, sub }: Facts): readonly string[] {
  if (typeof issuer !== 'string') return [];
  return [typeof sub === 'string' ? `${issuer}|${sub}` : issuer];
}

function whatFor(message: string, { request }: Facts): string {
  const { audiences, resources, scope } = factsOf(request);
  const targets = [audiences, resources].flatMap((list) => (Array.isArray(list) ? list.map(String) : []));
  const scopes = typeof scope === 'string' ? ` (${scope})` : '';
  return targets.length > 0 ? `for ${targets.join(', ')}${scopes}` : `at ${message.replaceAll('_', ' ')}`;
}

function otherText({ level, message, service }: Facts, facts: Facts): string {
  const told = Object.keys(facts).length === 0 ? '' : ` ${JSON.stringify(facts)}`;
  return `${String(level).toLowerCase()} ${String(service)}: ${String(message)}${told}`;
}

function parsed(line: string): Facts | undefined {
  try {
    const entry: unknown = JSON.parse(line);
    return typeof entry === 'object' && entry !== null && 'message' in entry ? (entry as Facts) : undefined;
  } catch {
    return undefined;
  }
}

function factsOf(value: unknown): Facts {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Facts) : {};
}
