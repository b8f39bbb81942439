// Inline session policies: what STS would refuse as malformed or too long, and claims that cannot stand in one. Pure.
import type { Catalogue } from '../claims/catalogue.ts';
import { cataloguesOf } from '../claims/catalogue-by-name.ts';
import type { MergedPolicy } from '../schema/merge.ts';
import { claimsIn, hasForeignReference, lengthOf, lowerSessionPolicy } from '../schema/session-policy-text.ts';
import { type Diagnostic, quote } from '../source/diagnostic.ts';
import { below, errorAt, keyOf, type Place } from '../source/place.ts';
import { checkReference } from './templates.ts';

/** Of the inline policy and the ARNs of managed ones together, by STS. */
const maxCharacters = 2_048;

export function checkSessionPolicies(policy: MergedPolicy): readonly Diagnostic[] {
  const catalogues = cataloguesOf(policy);
  return policy.rules.flatMap(({ value: { from, grant }, place }) => {
    const { sessionPolicy, policyArns = [] } = grant ?? {};
    if (sessionPolicy === undefined) return [];
    const at = below(place, 'grant', 'sessionPolicy');
    return [
      ...checkLength(sessionPolicy, policyArns, at),
      ...checkDocument(sessionPolicy, at),
      ...checkStrings(sessionPolicy, at, catalogues.get(from)),
    ];
  });
}

function checkLength(policy: unknown, arns: readonly string[], place: Place): Diagnostic[] {
  const length = lengthOf(lowerSessionPolicy(policy)) + arns.join('').length;
  if (length <= maxCharacters) return [];
  const message = `this policy and the policyArns have ${length} characters, before any claim`;
  return [
    errorAt(keyOf(place), message, `STS takes ${maxCharacters} together: move what is fixed into a managed policy`),
  ];
}

const known = ['Version', 'Id', 'Statement'];
const knownOfStatement = ['Sid', 'Effect', 'Action', 'NotAction', 'Resource', 'NotResource', 'Condition'];

function checkDocument(policy: Readonly<Record<string, unknown>>, place: Place): Diagnostic[] {
  const { Version, Statement } = policy;
  const statements: readonly unknown[] = Array.isArray(Statement) ? Statement : [Statement];
  const at = (index: number) =>
    Array.isArray(Statement) ? below(place, 'Statement', index) : below(place, 'Statement');
  return [
    ...foreignKeys(policy, known, place),
    ...(Version === '2012-10-17'
      ? []
      : [
          errorAt(
            keyOf(place),
            'a session policy has "Version: 2012-10-17"',
            'without it, policy variables are plain text',
          ),
        ]),
    ...(statements.length === 0
      ? [errorAt(keyOf(place), 'a session policy has a Statement', 'say what the session may do')]
      : []),
    ...statements.flatMap((statement, index) => checkStatement(statement, at(index))),
  ];
}

function foreignKeys(value: object, allowed: readonly string[], place: Place): Diagnostic[] {
  return Object.keys(value)
    .filter((key) => !allowed.includes(key))
    .map((key) =>
      errorAt(keyOf(below(place, key)), `a session policy has no ${quote(key)} here`, `known: ${allowed.join(', ')}`),
    );
}

/** It is an identity policy: its statements name no principal. */
function checkStatement(statement: unknown, place: Place): Diagnostic[] {
  if (!isObject(statement))
    return [
      errorAt(
        place,
        'a session policy has a Statement with Effect, Action and Resource',
        'write one, or a list of them',
      ),
    ];
  const { Effect } = statement;
  return [
    ...foreignKeys(statement, knownOfStatement, place),
    ...(Effect === 'Allow' || Effect === 'Deny'
      ? []
      : [errorAt(keyOf(place), 'this Effect is neither Allow nor Deny', 'write Effect: Allow')]),
    ...oneOf(statement, 'Action', place),
    ...oneOf(statement, 'Resource', place),
  ];
}

function oneOf(statement: Readonly<Record<string, unknown>>, name: string, place: Place): Diagnostic[] {
  const given = [statement[name], statement[`Not${name}`]].filter((value) => value !== undefined);
  const [value] = given;
  const isText = [value].flat().every((text) => typeof text === 'string' && text !== '') && [value].flat().length > 0;
  if (given.length === 1 && isText) return [];
  return [
    errorAt(keyOf(place), `a statement has one ${name} or Not${name}: text, or a list of texts`, `write ${name}: …`),
  ];
}

/** Every string of the policy; claims can stand in values, not in names. */
function checkStrings(value: unknown, place: Place, catalogue: Catalogue | undefined): Diagnostic[] {
  if (typeof value === 'string') return checkString(value, place, catalogue);
  if (Array.isArray(value)) return value.flatMap((item, index) => checkStrings(item, below(place, index), catalogue));
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => [
    ...(claimsIn(name).length > 0
      ? [
          errorAt(
            keyOf(below(place, name)),
            'a claim cannot stand in a name',
            'name it, and put the claim into the value',
          ),
        ]
      : []),
    ...checkStrings(inner, below(place, name), catalogue),
  ]);
}

function checkString(text: string, place: Place, catalogue: Catalogue | undefined): Diagnostic[] {
  if (hasForeignReference(text)) {
    return [
      errorAt(
        place,
        `${quote(text)}: only claims and policy variables can stand in \${…}`,
        'write ${claims.NAME} or ${aws:NAME}',
      ),
    ];
  }
  // `$` before a value that begins with a brace would make a policy variable of it.
  if (/\$\$\{claims\./.test(text))
    return [errorAt(place, `${quote(text)}: a claim cannot follow a $`, 'put text between them')];
  if (catalogue === undefined) return [];
  return claimsIn(text).flatMap((path) => checkReference(path, true, catalogue, place));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
