import fc from 'fast-check';
import { expect, test } from 'vitest';
import { callersSpan, lambdasSpan, traceResponse } from '../../../../shared/http/tracing/trace-context.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';
const valid = `00-${traceId}-${spanId}-01`;

test('the caller’s span is read, with its flag and its state', () => {
  expect(callersSpan(valid, undefined)).toEqual({ traceId, spanId, sampled: true });
  expect(callersSpan(`00-${traceId}-${spanId}-00`, undefined)).toEqual({ traceId, spanId, sampled: false });
  // Of other flags nothing is known.
  expect(callersSpan(`00-${traceId}-${spanId}-fe`, undefined)?.sampled).toBe(false);
  expect(callersSpan(valid, 'congo=t61rcWkgMzE, rojo=00f067aa0ba902b7')?.state).toBe(
    'congo=t61rcWkgMzE,rojo=00f067aa0ba902b7',
  );
  expect(callersSpan(undefined, 'congo=1')).toBeUndefined();
});

test.each([
  ['two of them', `${valid},${valid}`],
  ['two of a later version', `01${valid.slice(2)}-x,01${valid.slice(2)}`],
  ['capitals', valid.toUpperCase()],
  ['a version that cannot be', `ff${valid.slice(2)}`],
  ['a trace of zeros', `00-${'0'.repeat(32)}-${spanId}-01`],
  ['a span of zeros', `00-${traceId}-${'0'.repeat(16)}-01`],
  ['something after it', `${valid}-more`],
  ['a short id', `00-${traceId.slice(1)}-${spanId}-01`],
  ['spaces', ` ${valid}`],
  ['more than anybody sends', `01${valid.slice(2)}-${'x'.repeat(300)}`],
  ['nothing', ''],
])('%s is as none', (_, traceparent) => {
  expect(callersSpan(traceparent, 'congo=1')).toBeUndefined();
  expect(callersSpan(valid, 'congo=1')).toBeDefined();
});

test('a later version may say more after what this one says', () => {
  expect(callersSpan(`01${valid.slice(2)}-more`, undefined)).toEqual({ traceId, spanId, sampled: true });
  expect(callersSpan(`01${valid.slice(2)}more`, undefined)).toBeUndefined();
});

test.each([
  ['a key with capitals', 'Congo=1'],
  ['a member without a value', 'congo'],
  ['a key twice', 'congo=1,congo=2'],
  ['a value with an equals sign', 'congo=1=2'],
  ['letters outside ASCII', 'congo=é'],
  ['a control character', 'congo=a\u0007b'],
  ['33 members', Array.from({ length: 33 }, (_, index) => `k${index}=1`).join(',')],
  ['over 512 characters', `congo=${'x'.repeat(250)},rojo=${'x'.repeat(254)},a=1`],
  ['nothing', ' , '],
])('of a state with %s nothing is passed on, and the trace is the same', (_, tracestate) => {
  expect(callersSpan(valid, tracestate)).toEqual({ traceId, spanId, sampled: true });
  expect(callersSpan(valid, 'acme@vendor=a b!')?.state).toBe('acme@vendor=a b!');
});

test('whatever comes, what is read is well formed, and long input takes no time', () => {
  const texts = fc.oneof(
    fc.string(),
    fc.stringMatching(/^0[01]-[0-9a-f]{30,33}-[0-9a-f]{15,17}-[0-9a-f]{2}(-.{0,3})?$/),
  );
  fc.assert(
    fc.property(texts, fc.option(fc.string(), { nil: undefined }), (traceparent, tracestate) => {
      const span = callersSpan(traceparent, tracestate);
      if (!span) return;
      expect(traceResponse(span)).toMatch(/^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-0[01]$/);
      expect(span.state ?? '').toMatch(/^[\x20-\x7e]{0,512}$/);
    }),
    { numRuns: 500 },
  );
  const started = performance.now();
  callersSpan(valid, `${' '.repeat(100_000)}a`);
  callersSpan('0'.repeat(1_000_000), 'a=1');
  expect(performance.now() - started).toBeLessThan(1_000);
});

test('Lambda’s segment is read in its own form, and in no other', () => {
  const root = `Root=1-${traceId.slice(0, 8)}-${traceId.slice(8)};Parent=${spanId};Sampled`;
  expect(lambdasSpan(`${root}=1`)).toEqual({ traceId, spanId, sampled: true });
  expect(lambdasSpan(`${root}=0;Lineage=1:a:0`)).toEqual({ traceId, spanId, sampled: false });
  for (const other of [undefined, '', `${root}=?`, `Self=x;${root}=1`, `${root}=1x`]) {
    expect(lambdasSpan(other)).toBeUndefined();
  }
});
