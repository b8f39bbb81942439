// What the local stack runs of a template: both lists are in the documentation, and what is in neither stops the start.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkSupport, intrinsicsIn, notRunTypes, runTypes } from '../../../../infra/local/template/support.ts';

const page = readFileSync('docs/local-stack.md', 'utf8');
const resources = (Type: string, Properties: Record<string, unknown> = {}) => ({
  Resources: { Id: { Type, Properties } },
});

describe('a resource of the template', () => {
  it('is run, or listed as not run, or stops the start', () => {
    expect(() => checkSupport(resources('AWS::KMS::Key', { KeySpec: 'ECC_NIST_P256' }))).not.toThrow();
    expect(() => checkSupport(resources('AWS::CloudWatch::Alarm', { Whatever: 1 }))).not.toThrow();
    expect(() => checkSupport(resources('Custom::Seed', { Whatever: 1 }))).not.toThrow();
    expect(() => checkSupport(resources('AWS::SQS::Queue'))).toThrow('does not know whether to run: AWS::SQS::Queue');
    expect(() => checkSupport(resources('AWS::KMS::Key', { Origin: 'EXTERNAL' }))).toThrow('AWS::KMS::Key Origin');
  });

  it('that is not run is in the documentation, with what is there instead', () => {
    for (const [type, instead] of Object.entries(notRunTypes)) expect(page).toContain(`| \`${type}\` | ${instead} |`);
  });

  it('of a type that is run is in the documentation, with the properties that are not', () => {
    for (const [type, { notRun = [] }] of Object.entries(runTypes)) {
      const names = notRun.map((name) => `\`${name}\``).join(', ');
      expect(page).toContain(`| \`${type}\` | ${names === '' ? 'all it uses' : `all but ${names}`} |`);
    }
  });
});

it('intrinsic functions are found wherever they stand', () => {
  const value = { a: [{ 'Fn::Join': ['', [{ Ref: 'X' }]] }], 'Fn::NotAlone': 1, Condition: 'C' };
  expect(intrinsicsIn(value)).toEqual(['Fn::Join', 'Ref']);
  expect(intrinsicsIn({ Condition: 'C' })).toEqual(['Condition']);
});
