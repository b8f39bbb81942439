// As much of CloudWatch Logs Insights as the documentation's queries ask, over lines of the functions' log. Pure. What it does not know, and
// a field that no line has, is an error: in Logs Insights a misspelt field is empty, and the query finds nothing.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html

type Value = string | number | undefined;
export type Row = Readonly<Record<string, Value>>;

/** Fields that Logs Insights finds in one line. */
const mostFields = 200;

/** A line as Logs Insights sees it: the path of each value, members of lists by their number. */
function fieldsOf(line: string): Row {
  const found: [string, Value][] = [];
  const visit = (value: unknown, path: string): void => {
    if (typeof value === 'object' && value !== null) {
      for (const [name, member] of Object.entries(value)) visit(member, path === '' ? name : `${path}.${name}`);
    } else if (found.length < mostFields) found.push([path, typeof value === 'number' ? value : String(value)]);
  };
  visit(JSON.parse(line), '');
  const fields = Object.fromEntries(found);
  return { ...fields, '@timestamp': Date.parse(String(fields['timestamp'])) };
}

const word = /\s*(?:("[^"]*")|(>=|<=|!=|[=<>(),[\]*])|([A-Za-z_@][\w@.]*)|(\d+(?:\.\d+)?[a-z]*))/y;

/** The words of a command, and whether the next is one of those. */
class Words {
  private readonly words: string[] = [];

  constructor(text: string) {
    word.lastIndex = 0;
    for (let end = 0; end < text.trimEnd().length; end = word.lastIndex) {
      const [, ...groups] = word.exec(text) ?? [];
      const found = groups.find((group) => group !== undefined);
      if (found === undefined) throw new Error(`Logs Insights does not know ${text.slice(end)}`);
      this.words.push(found);
    }
  }

  take(...wanted: readonly string[]): string | undefined {
    const [next = ''] = this.words;
    return wanted.includes(next) ? this.words.shift() : undefined;
  }

  need(pattern: RegExp): string {
    const next = this.words.shift() ?? 'the end';
    if (!pattern.test(next)) throw new Error(`Logs Insights does not know ${next} there`);
    return next;
  }

  end(): void {
    if (this.words.length > 0) throw new Error(`Logs Insights does not know ${this.words.join(' ')} there`);
  }
}

const name = /^[A-Za-z_@]/;

function literal(text: string): Value {
  return text.startsWith('"') ? text.slice(1, -1) : Number(text);
}

type Test = (row: Row) => boolean;

function conditionOf(words: Words, seen: (field: string) => string): Test {
  const all: Test[] = [comparisonOf(words, seen)];
  while (words.take('and')) all.push(comparisonOf(words, seen));
  return (row) => all.every((one) => one(row));
}

function comparisonOf(words: Words, seen: (field: string) => string): Test {
  const field = seen(words.need(name));
  if (words.take('in')) {
    words.need(/^\[$/);
    const values = [literal(words.need(/^"|^\d/))];
    while (words.take(',')) values.push(literal(words.need(/^"|^\d/)));
    words.need(/^\]$/);
    return (row) => values.includes(row[field]);
  }
  const operator = words.need(/^(?:=|!=|<|>|<=|>=)$/);
  const value = literal(words.need(/^"|^\d/));
  return (row) => {
    const got = row[field];
    if (operator === '=') return got === value;
    if (operator === '!=') return got !== value;
    if (got === undefined || value === undefined) return false;
    return { '<': got < value, '>': got > value, '<=': got <= value, '>=': got >= value }[operator] ?? false;
  };
}

type Aggregate = readonly [string, (rows: readonly Row[]) => Value];

function aggregateOf(words: Words, seen: (field: string) => string): Aggregate {
  const what = words.need(/^(?:count|count_distinct|latest|pct)$/);
  words.need(/^\($/);
  const field = words.take('*') ?? seen(words.need(name));
  const share = words.take(',') ? Number(words.need(/^\d/)) : undefined;
  words.need(/^\)$/);
  if ((field === '*') !== (what === 'count') || (share !== undefined) !== (what === 'pct')) {
    throw new Error(`Logs Insights does not know ${what} of ${field}`);
  }
  const alias = words.take('as') ? words.need(name) : `${what}(${field}${share === undefined ? '' : `, ${share}`})`;
  return [alias, (rows) => aggregated(what, rows, field, share ?? 0)];
}

function aggregated(what: string, rows: readonly Row[], field: string, share: number): Value {
  const values = rows.map((row) => row[field]).filter((value) => value !== undefined);
  if (what === 'count') return rows.length;
  if (what === 'count_distinct') return new Set(values).size;
  if (what === 'latest') return values.at(-1);
  const sorted = values.map(Number).sort((a, b) => a - b);
  return sorted[Math.ceil((sorted.length * share) / 100) - 1];
}

const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function groupOf(words: Words, seen: (field: string) => string): Aggregate {
  const field = words.need(name);
  if (field !== 'bin') return [field, ([row]) => row?.[seen(field)]];
  words.need(/^\($/);
  const width = words.need(/^\d+[smhd]$/);
  words.need(/^\)$/);
  const each = Number.parseInt(width, 10) * (units[width.slice(-1)] ?? 1);
  return [`bin(${width})`, ([row]) => Math.floor(Number(row?.['@timestamp']) / each) * each];
}

function listOf<One>(words: Words, one: () => One): readonly One[] {
  const all = [one()];
  while (words.take(',')) all.push(one());
  return all;
}

/** What the query answers. @throws Error for what Logs Insights would refuse, and for fields that no line has */
export function insights(query: string, lines: readonly string[]): readonly Row[] {
  let rows: readonly Row[] = lines.map(fieldsOf);
  let known = new Set(rows.flatMap((row) => Object.keys(row)));
  const seen = (field: string): string => {
    if (!known.has(field)) throw new Error(`no line has the field ${field}`);
    return field;
  };
  for (const command of query.trim().split(/\s*\|\s*/)) {
    const [, verb = '', rest = ''] = /^(\w+)\s+([\s\S]*)$/.exec(command) ?? [];
    const words = new Words(rest);
    if (verb === 'filter') rows = rows.filter(conditionOf(words, seen));
    else if (verb === 'stats') {
      const aggregates = listOf(words, () => aggregateOf(words, seen));
      const groups = words.take('by') ? listOf(words, () => groupOf(words, seen)) : [];
      // A field to group by may be one that only other lines have, but not none.
      for (const [field] of groups) if (!field.startsWith('bin(')) seen(field);
      const grouped = new Map<string, Row[]>();
      for (const row of rows) {
        const key = JSON.stringify(groups.map(([, of]) => of([row]) ?? null));
        grouped.set(key, [...(grouped.get(key) ?? []), row]);
      }
      rows = [...grouped.values()].map((some) =>
        Object.fromEntries([...groups, ...aggregates].map(([as, of]) => [as, of(some)] as const)),
      );
      known = new Set([...groups, ...aggregates].map(([as]) => as));
    } else if (verb === 'sort') {
      const field = seen(words.need(name));
      const sign = words.take('desc') ? -1 : words.take('asc') ? 1 : -1;
      rows = rows.toSorted((a, b) => sign * (Number(a[field]) - Number(b[field])));
    } else throw new Error(`Logs Insights does not know ${command}`);
    words.end();
  }
  return rows;
}
