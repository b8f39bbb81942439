// A strict parser of Prometheus' text format 0.0.4: what it does not know is an error.
// https://prometheus.io/docs/instrumenting/exposition_formats/

export interface Family {
  readonly type: string;
  readonly help: string;
  /** By `name{labels}` as written. */
  readonly samples: ReadonlyMap<string, number>;
}

const name = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const label = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"';
const sample = new RegExp(`^(${name})(\\{${label}(?:,${label})*\\})? (-?[0-9.]+(?:e[+-]?[0-9]+)?|NaN|[+-]Inf)$`);

/** @throws Error with the line */
export function parsePrometheus(text: string): ReadonlyMap<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const families = new Map<string, { type: string; help: string; samples: Map<string, number> }>();
  let current = '';
  for (const line of text.slice(0, -1).split('\n')) {
    const [, helped, help] = /^# HELP (\S+) (.+)$/.exec(line) ?? [];
    const [, typed = '', type] = /^# TYPE (\S+) (counter|gauge|histogram|summary|untyped)$/.exec(line) ?? [];
    const [, sampled = '', labels = '', value] = sample.exec(line) ?? [];
    if (helped !== undefined && help !== undefined) {
      if (families.has(helped)) throw new Error(`family twice: ${line}`);
      families.set(helped, { type: '', help, samples: new Map() });
      current = helped;
    } else if (type !== undefined) {
      const family = families.get(typed);
      if (!family || typed !== current || family.type !== '') throw new Error(`TYPE out of place: ${line}`);
      family.type = type;
    } else if (value !== undefined) {
      const family = families.get(current);
      if (!family || !belongs(sampled, current, family.type)) throw new Error(`sample out of place: ${line}`);
      if (family.samples.has(sampled + labels)) throw new Error(`sample twice: ${line}`);
      family.samples.set(sampled + labels, Number(value));
    } else throw new Error(`not a line of the format: ${line}`);
  }
  for (const [key, family] of families) checkFamily(key, family);
  return families;
}

function belongs(sampled: string, family: string, type: string): boolean {
  if (type === '') return false;
  const endings = type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
  return endings.some((ending) => sampled === `${family}${ending}`);
}

function checkFamily(key: string, { type, samples }: Family): void {
  if (type === 'counter' && !key.endsWith('_total')) throw new Error(`${key}: a counter ends in _total`);
  for (const [each, value] of samples) {
    if (type !== 'gauge' && !(value >= 0)) throw new Error(`${each}: ${value}`);
  }
  if (type !== 'histogram') return;
  const buckets = [...samples].filter(([each]) => each.includes('_bucket')).map(([, value]) => value);
  if (buckets.some((value, index) => value < (buckets[index - 1] ?? 0))) throw new Error(`${key}: buckets shrink`);
  if (buckets.at(-1) !== samples.get(`${key}_count`)) throw new Error(`${key}: +Inf is not the count`);
}
