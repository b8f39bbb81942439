// The runbooks: one for each alarm and each incident, whole, and with commands that exist. That they do what they say is played in
// test/stack/failures/.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { commands } from '../cli/command-table.ts';
import { alarmCatalogue } from '../infra/alarms/alarm-catalogue.ts';
import { commandsOf, commandWords, runbooks } from './game-day/runbooks.ts';

const root = join(import.meta.dirname, '..');
const others = ['docs/operating.md', 'docs/checklists.md', 'docs/game-days.md'].map((file) => ({
  name: file,
  text: readFileSync(join(root, file), 'utf8'),
}));

const sections = [
  'What it means',
  'What users notice',
  'First five minutes',
  'Diagnosis',
  'Mending',
  'It is over when',
  'Afterwards',
];

/** The alarms that a page says lead to it. */
function alarmsOf(text: string): readonly string[] {
  const [, line = ''] = /^\*\*Alarms:\*\* (.*)$/m.exec(text) ?? [];
  return [...line.matchAll(/`([a-z0-9-]+)`/g)].map(([, name = '']) => name);
}

test('each alarm has its page, and a page names the alarms that lead to it and no others', () => {
  const wanted = Object.entries(alarmCatalogue).map(([name, { runbook }]) => `${runbook}: ${name}`);
  const found = runbooks.flatMap(({ name, text }) => alarmsOf(text).map((alarm) => `${name}: ${alarm}`));
  expect(found.toSorted()).toEqual(wanted.toSorted());
  expect(alarmsOf('**Alarms:** `latency`, `no-such`.')).toEqual(['latency', 'no-such']);
});

test.each([
  'key-compromise',
  'issuer-compromise',
  'client-compromise',
  'token-compromise',
  'issuer-outage',
  'issuer-key-rotation',
  'dependency-throttling',
  'audit-lag',
  'policy-mistake',
  'region-loss',
])('there is a page for %s', (name) => {
  expect(runbooks.map((page) => page.name)).toContain(name);
});

test('operators find every page', () => {
  const index = others.find(({ name }) => name === 'docs/operating.md')?.text ?? '';
  const isLinked = (name: string): boolean => index.includes(`(runbooks/${name}.md)`);
  expect(runbooks.filter(({ name }) => !isLinked(name))).toEqual([]);
  expect(isLinked('no-such')).toBe(false);
});

test.each(runbooks)('$name has every section, in order, and none is empty', ({ text }) => {
  const parts = text.split(/^## /m).slice(1);
  expect(parts.map((part) => part.split('\n', 1)[0])).toEqual(sections);
  for (const part of parts) expect(part.split('\n').slice(1).join('').trim().length).toBeGreaterThan(5);
});

/** What is wrong with a line that begins with `cambio`; undefined when it could be typed so. */
function problemOf(line: string): string | undefined {
  const words = commandWords(line);
  const name = [2, 1].map((count) => words.slice(0, count).join(' ')).find((each) => Object.hasOwn(commands, each));
  const command = name === undefined ? undefined : commands[name];
  if (name === undefined || !command) return `no such command: ${line}`;
  const rest = words.slice(name.split(' ').length);
  const unknown = rest.filter((word) => word.startsWith('--') && !Object.hasOwn(command.options, word.slice(2)));
  return unknown.length > 0 ? `${unknown.join(', ')} is no option of ${name}: ${line}` : undefined;
}

test('every command of ours that a page shows is there, with its options', () => {
  const shown = [...runbooks, ...others].flatMap(({ text }) => commandsOf(text, 'cambio'));
  expect(shown.length).toBeGreaterThan(60);
  expect(shown.map(problemOf).filter((problem) => problem !== undefined)).toEqual([]);
  expect(problemOf('cambio suspend issuer ISSUER --why x')).toMatch(/^--why is no option of suspend/);
  expect(problemOf('cambio undo')).toMatch(/^no such command/);
});

test('keys are rotated and revoked by commands that something answers', () => {
  const texts = runbooks.map(({ text }) => text).join('\n');
  const serves = readFileSync(join(root, 'infra/endpoints/endpoints.ts'), 'utf8').includes("'/admin/keys");
  expect([serves, /cambio keys /.test(texts)]).toEqual([true, true]);
});

/** Services whose commands were held against their models when they were written. */
const services =
  /^aws (?:cloudformation|cloudtrail|cloudwatch|codedeploy|deploy|dynamodb|health|iam|kms|lambda|logs|s3api|service-quotas|wafv2) [a-z][a-z0-9-]+(?: |$)/;

test('every command of the AWS CLI that a page shows has its shape', () => {
  const shown = [...runbooks, ...others].flatMap(({ text }) => commandsOf(text, 'aws'));
  expect(shown.length).toBeGreaterThan(40);
  expect(shown.filter((line) => !services.test(line))).toEqual([]);
  expect(services.test('aws kms DisableKey')).toBe(false);
});
