// The conformance data of the CEL specification, as far as it is about the language and not about Protocol Buffers:
// each expression is compared with its expected value inside the language, through the evaluator that policies use.
import { tests as conformance } from '@bufbuild/cel-spec/testdata/conformance.js';
import type { SerializedIncrementalTestSuite } from '@bufbuild/cel-spec/testdata/tests.js';
import { describe, expect, test } from 'vitest';
import { createConditionEvaluator } from '../../../shared/policy/cel.ts';
import type { ConditionResult } from '../../../shared/policy/when.ts';

const applicable = [
  ...['basic', 'comparisons', 'conversions', 'fields', 'fp_math', 'integer_math', 'lists', 'logic', 'macros'],
  ...['parse', 'plumbing', 'string', 'timestamps'],
];

/** Where the evaluator differs, by name of the test, with the reason. */
const knownDifferences: ReadonlyMap<string, string> = new Map([
  ['fields/qualified_identifier_resolution/map_value_repeat_key_heterogeneous', '0 and 0u are two keys of a literal'],
  ...[
    'field_access_dash',
    'field_access_dot',
    'field_access_slash',
    'has_field_dash',
    'has_field_dot',
    'has_field_slash',
  ].map((name): [string, string] => [`fields/quoted_map_fields/${name}`, 'no names in backticks; write claims["a.b"]']),
]);

interface Case {
  readonly name: string;
  readonly expression: string;
  /** CEL text of the expected value; undefined when an error is expected. */
  readonly expected: string | undefined;
}

const suites = (conformance.suites ?? []).filter(({ name }) => applicable.includes(name));
const all = suites.flatMap((suite) => testsOf(suite, suite.name));
const cases = all.flatMap(({ name, original }) => caseOf(name, original) ?? []);

describe('CEL conformance', () => {
  const evaluate = createConditionEvaluator();
  const variables = {
    claims: {},
    actor: {},
    client: '',
    request: { scopes: [], audiences: [], resources: [] },
    now: 0,
  };
  const fails = (each: Case): boolean => !isAsExpected(each, evaluate(asCondition(each), variables));

  test('everything that applies is as the specification says, but for what is named here', () => {
    expect(new Set(applicable)).toEqual(new Set(suites.map(({ name }) => name)));
    const failed = cases.filter(fails).map(({ name }) => name);
    expect(failed.sort()).toEqual([...knownDifferences.keys()].sort());
  });

  test('most of it applies', () => {
    expect({ run: cases.length, skipped: all.length - cases.length }).toEqual({ run: 1_077, skipped: 99 });
  });
});

type Original = NonNullable<SerializedIncrementalTestSuite['tests']>[number]['original'];

function testsOf(suite: SerializedIncrementalTestSuite, path: string): readonly { name: string; original: Original }[] {
  const own = (suite.tests ?? []).map(({ original }) => ({
    name: `${path}/${original.name ?? original.expr}`,
    original,
  }));
  return [...own, ...(suite.suites ?? []).flatMap((inner) => testsOf(inner, `${path}/${inner.name}`))];
}

/** Undefined for tests that need variables, a container, messages, or values this language cannot write. */
function caseOf(name: string, original: Original): Case | undefined {
  const { expr, value, evalError, bindings, container, disableMacros, checkOnly } = original;
  if (
    expr.includes('TestAllTypes') ||
    bindings !== undefined ||
    container !== undefined ||
    disableMacros === true ||
    checkOnly === true
  )
    return undefined;
  if (evalError !== undefined) return { name, expression: expr, expected: undefined };
  const expected = value === undefined ? 'true' : literalOf(value);
  return expected === undefined ? undefined : { name, expression: expr, expected };
}

function asCondition({ expression, expected }: Case): string {
  if (expected === undefined) return `type(${expression}\n) != type(type)`;
  return expected === 'double("NaN")' ? `(${expression}\n) != (${expression}\n)` : `(${expression}\n) == ${expected}`;
}

function isAsExpected({ expected }: Case, result: ConditionResult): boolean {
  return expected === undefined ? !result.ok : result.ok && result.value;
}

// A value in the JSON form of cel.expr.Value.
function literalOf(value: unknown): string | undefined {
  const [kind, content] = Object.entries(Object(value) as Record<string, unknown>)[0] ?? [];
  if (kind === undefined) return undefined;
  switch (kind) {
    case 'boolValue':
    case 'int64Value':
      return String(content);
    case 'uint64Value':
      return `${content}u`;
    case 'doubleValue':
      return `double("${content}")`;
    case 'stringValue':
      return JSON.stringify(content);
    case 'bytesValue':
      return `b"${[...Buffer.from(String(content), 'base64')].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}"`;
    case 'nullValue':
      return 'null';
    case 'typeValue':
      return String(content);
    case 'listValue':
      return listLiteral(Object(content).values ?? []);
    case 'mapValue':
      return mapLiteral(Object(content).entries ?? []);
    default:
      return undefined;
  }
}

function listLiteral(values: readonly unknown[]): string | undefined {
  const literals = values.map(literalOf);
  return literals.includes(undefined) ? undefined : `[${literals.join(', ')}]`;
}

function mapLiteral(entries: readonly { readonly key: unknown; readonly value: unknown }[]): string | undefined {
  const literals = entries.map(({ key, value }) => [literalOf(key), literalOf(value)]);
  return literals.flat().includes(undefined) ? undefined : `{${literals.map((pair) => pair.join(': ')).join(', ')}}`;
}
