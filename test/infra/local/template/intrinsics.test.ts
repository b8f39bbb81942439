// CloudFormation intrinsics as a deployment resolves them.
import { describe, expect, it } from 'vitest';
import { createResolver } from '../../../../infra/local/template/intrinsics.ts';
import type { StackTemplate } from '../../../../infra/local/template/stack-template.ts';

const template: StackTemplate = {
  Resources: {},
  Parameters: { Mode: { Type: 'String', Default: 'quiet' } },
  Mappings: { Sizes: { small: { memory: 128 } } },
  Conditions: {
    Loud: { 'Fn::Equals': [{ Ref: 'Mode' }, 'loud'] },
    Quiet: { 'Fn::Not': [{ Condition: 'Loud' }] },
    Both: { 'Fn::And': [{ Condition: 'Loud' }, { Condition: 'Quiet' }] },
    Either: { 'Fn::Or': [{ Condition: 'Loud' }, { Condition: 'Quiet' }] },
  },
};

function resolver(parameters: Readonly<Record<string, string>> = {}) {
  return createResolver({
    template,
    pseudo: { 'AWS::Region': 'eu-west-1', 'AWS::URLSuffix': 'amazonaws.com' },
    parameters,
    references: {
      ref: (id) => (id === 'Table' ? 'table-1' : undefined),
      attribute: (id, name) => (id === 'Table' && name === 'Nested.Arn' ? 'arn:table' : undefined),
    },
  });
}

describe('an intrinsic', () => {
  it.each([
    ['Ref of a resource', { Ref: 'Table' }, 'table-1'],
    ['Ref of a pseudo parameter', { Ref: 'AWS::Region' }, 'eu-west-1'],
    ['Ref of a parameter', { Ref: 'Mode' }, 'quiet'],
    ['Fn::GetAtt', { 'Fn::GetAtt': ['Table', 'Nested.Arn'] }, 'arn:table'],
    ['Fn::GetAtt as one string', { 'Fn::GetAtt': 'Table.Nested.Arn' }, 'arn:table'],
    ['Fn::Join', { 'Fn::Join': ['-', ['a', { Ref: 'Table' }, 7]] }, 'a-table-1-7'],
    [
      'Fn::Sub',
      { 'Fn::Sub': '${Table}.${AWS::Region}.${Table.Nested.Arn}.${!Literal}' },
      'table-1.eu-west-1.arn:table.${Literal}',
    ],
    ['Fn::Sub with variables', { 'Fn::Sub': ['${Own}/${Table}', { Own: { Ref: 'Mode' } }] }, 'quiet/table-1'],
    ['Fn::Select and Fn::Split', { 'Fn::Select': ['1', { 'Fn::Split': ['-', { Ref: 'Table' }] }] }, '1'],
    ['Fn::FindInMap', { 'Fn::FindInMap': ['Sizes', 'small', 'memory'] }, 128],
    ['Fn::If', { 'Fn::If': ['Quiet', 'hush', { 'Fn::Unknown': [] }] }, 'hush'],
    [
      'AWS::NoValue in an object and a list',
      { a: { Ref: 'AWS::NoValue' }, b: [{ Ref: 'AWS::NoValue' }, 1] },
      { b: [1] },
    ],
    ['nothing at all', { Plain: { deep: [true, null, 1.5] } }, { Plain: { deep: [true, null, 1.5] } }],
  ])('is resolved: %s', (_name, value, expected) => {
    expect(resolver().resolve(value)).toEqual(expected);
  });

  it.each([
    ['an unknown function', { 'Fn::ImportValue': 'x' }, /Fn::ImportValue/],
    ['an unknown resource', { Ref: 'Nothing' }, /Ref Nothing/],
    ['an unknown attribute', { 'Fn::GetAtt': ['Table', 'Color'] }, /Table\.Color/],
    ['an unknown variable of Fn::Sub', { 'Fn::Sub': '${Nothing}' }, /Nothing/],
    ['a condition that is not defined', { 'Fn::If': ['Missing', 1, 2] }, /Missing/],
    ['an index outside the list', { 'Fn::Select': [2, ['a', 'b']] }, /no element 2/],
    ['an object where text belongs', { 'Fn::Join': ['', [{ a: 1, b: 2 }]] }, /Fn::Join must be a string/],
  ])('is refused by name: %s', (_name, value, message) => {
    expect(() => resolver().resolve(value)).toThrow(message);
  });
});

describe('a condition', () => {
  it('holds by the parameters given, and none holds always', () => {
    const held = (parameters: Record<string, string>) =>
      ['Loud', 'Quiet', 'Both', 'Either', undefined].map((name) => resolver(parameters).condition(name));
    expect(held({})).toEqual([false, true, false, true, true]);
    expect(held({ Mode: 'loud' })).toEqual([true, false, false, true, true]);
  });
});
