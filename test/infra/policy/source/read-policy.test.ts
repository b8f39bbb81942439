import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { compilePolicy } from '../../../../infra/policy/compile-policy.ts';
import { readPolicy } from '../../../../infra/policy/source/read-policy.ts';
import { validPolicy } from '../policy-world.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cambio-policy-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

describe('reading a policy', () => {
  test('takes the *.yaml of a folder in file-name order, without tests', () => {
    for (const name of ['b.yaml', 'a.yaml', 'B.yaml', 'a.test.yaml', 'notes.md']) write(name, name);
    expect(readPolicy(folder).files.map(({ text }) => text)).toEqual(['B.yaml', 'a.yaml', 'b.yaml']);
    expect(readPolicy(folder).diagnostics).toEqual([]);
  });

  test('takes a single file whatever its name', () => {
    expect(compilePolicy(write('policy.txt', validPolicy)).artifact).toBeDefined();
    expect(compilePolicy(write('policy.txt', 'version: 3\n')).artifact).toBeUndefined();
  });

  test('names a path that is not there, and a folder without policies', () => {
    const absent = compilePolicy(join(folder, 'absent'));
    expect(absent).toMatchObject({
      values: {},
      diagnostics: [{ severity: 'error', file: join(folder, 'absent'), message: 'there is no such file or folder' }],
    });
    expect(compilePolicy(folder).diagnostics).toMatchObject([{ message: 'there is no *.yaml in this folder' }]);
  });

  test('refuses a policy file that would be passed over', () => {
    write('a.yaml', validPolicy);
    expect(compilePolicy(folder).artifact).toBeDefined();
    const passedOver = write('b.yml', validPolicy);
    expect(compilePolicy(folder)).toMatchObject({ diagnostics: [{ severity: 'error', file: passedOver }] });
    expect(compilePolicy(folder).artifact).toBeUndefined();
  });

  test('takes a folder of no tenants for nothing, and a file in its place for a mistake', () => {
    write('a.yaml', validPolicy);
    mkdirSync(join(folder, 'teams'));
    expect(compilePolicy(folder).diagnostics).toEqual([]);
    mkdirSync(join(folder, 'tenants'));
    expect(compilePolicy(folder).diagnostics).toEqual([]);
    rmSync(join(folder, 'tenants'), { recursive: true });
    write('tenants', validPolicy);
    expect(compilePolicy(folder)).toMatchObject({ diagnostics: [{ message: 'a tenant is a folder' }] });
  });
});
