import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { validPolicy } from '../../infra/policy/policy-world.ts';
import { cambio } from '../cambio.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cambio-new-tenant-'));
  writeFileSync(join(folder, 'policy.yaml'), validPolicy);
});

afterEach(() => rmSync(folder, { recursive: true }));

const newTenant = (name: string, policy = folder) => cambio('policy', 'new-tenant', name, '--policy', policy);

describe('cambio policy new-tenant', () => {
  test.each(['acme', 'a', '0.x_y-'])('writes %s as a folder that compiles and whose tests pass', async (name) => {
    const { exit, stdout, stderr } = await newTenant(name);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    expect(stdout).toContain(`wrote ${join(folder, 'tenants', name, 'policy.test.yaml')}\n`);
    expect(await cambio('policy', 'test', folder)).toMatchObject({ exit: 0, stdout: 'ok: 3 tests passed\n' });
    expect(await cambio('policy', 'reach', '--audience', `${name}/api`, '--policy', folder)).toMatchObject({
      exit: 0,
      stdout: expect.stringContaining(`${name}/users-read`),
    });
  });

  test('changes nothing that is there, and says when the policy has errors', async () => {
    await newTenant('acme');
    const file = join(folder, 'tenants/acme/policy.yaml');
    writeFileSync(file, `${readFileSync(file, 'utf8')}# mine\n`);
    expect(await newTenant('acme')).toMatchObject({ exit: 1, stderr: expect.stringContaining('is there already') });
    expect(readFileSync(file, 'utf8')).toContain('# mine');
    writeFileSync(join(folder, 'policy.yaml'), `${validPolicy}nonsense: 1\n`);
    expect(await newTenant('globex')).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining('unknown key "nonsense"'),
    });
  });

  test('refuses a name that is none, and a policy that is no folder', async () => {
    expect(await newTenant('Acme')).toMatchObject({ exit: 2 });
    expect(await newTenant('../acme')).toMatchObject({ exit: 2 });
    expect(await newTenant('acme', join(folder, 'policy.yaml'))).toMatchObject({ exit: 2 });
    expect(await newTenant('acme')).toMatchObject({ exit: 0 });
  });
});
