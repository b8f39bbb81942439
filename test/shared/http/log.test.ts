import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createLog } from '../../../shared/http/log.ts';

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8'));

/** The lines that are printed with a trace header. */
function printed(traceHeader?: string) {
  const lines: string[] = [];
  const print = (line: string): void => void lines.push(line);
  return {
    lines,
    write: createLog({
      ...{ name: 'token', functionVersion: '12', clock: () => 1_795_000_000_000 },
      ...{ traceHeader: () => traceHeader, print },
    }),
  };
}

test('an event is one line of JSON with its level, time, function, version and trace', () => {
  const { lines, write } = printed('Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1');
  write('info', 'token_exchange', { decision_id: 'd', detail: 'two\nlines “and” \u2028 more', rule: undefined });
  write('error', 'issuer_keys', { issuer: 'github', cause: ['Error: no answer'] });
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    {
      level: 'INFO',
      message: 'token_exchange',
      timestamp: '2026-11-18T11:06:40.000Z',
      service: 'cambio-token',
      version,
      xray_trace_id: '1-5759e988-bd862e3fe1be46a994272793',
      event: { decision_id: 'd', detail: 'two\nlines “and” \u2028 more' },
    },
    expect.objectContaining({
      level: 'ERROR',
      version,
      function_version: '12',
      event: { issuer: 'github', cause: ['Error: no answer'] },
    }),
  ]);
  expect(lines.map((line) => line.match(/\n/g))).toEqual([['\n'], ['\n']]);
});

test.each([
  undefined,
  '',
  'Parent=53995c3f42cd8ad8',
  'NotRoot=1',
])('with the trace header %j there is no trace', (header) => {
  const { lines, write } = printed(header);
  write('info', 'x', {});
  expect(JSON.parse(lines[0] ?? '')).not.toHaveProperty('xray_trace_id');
});
