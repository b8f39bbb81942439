import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { synthesize } from '../../infra/synthesize.ts';
import { artifact, inTemporaryFolder } from './synthesized.ts';

const policy = { artifact, values: {} };

interface Code {
  readonly S3Key: string;
}

function codeOf(template: Readonly<Record<string, unknown>>, name: string): string {
  const resources = template['Resources'] as Readonly<Record<string, { Type: string; Properties: { Code?: Code } }>>;
  const [id] = Object.keys(resources).filter(
    (id) => id.includes(`${name}Function`) && resources[id]?.Type === 'AWS::Lambda::Function',
  );
  return resources[id ?? '']?.Properties.Code?.S3Key ?? '';
}

describe('synthesis in process', () => {
  test('gives every function the folder its code is made of: one module, beside it the chunks it may load, and the policy where it is read', () => {
    inTemporaryFolder((outdir) => {
      const { template, assets } = synthesize({ policy, outdir });
      const files = ['Token', 'Discovery', 'Jwks', 'Seed'].map((name) => {
        const folder = assets.get(codeOf(template, name)) ?? '';
        expect(isAbsolute(folder)).toBe(true);
        return [name, readdirSync(folder).sort()];
      });
      expect(Object.fromEntries(files)).toEqual({
        Token: ['chunks', 'index.mjs', 'policy.json'],
        Discovery: ['index.mjs', 'policy.json'],
        Jwks: ['chunks', 'index.mjs'],
        Seed: ['index.mjs'],
      });
      const token = assets.get(codeOf(template, 'Token')) ?? '';
      expect(JSON.parse(readFileSync(join(token, 'policy.json'), 'utf8'))).toEqual(artifact);
    });
  });

  test('makes files that Lambda may read, whatever the umask of whoever synthesizes', () => {
    inTemporaryFolder((outdir) => {
      const umask = process.umask(0o077);
      try {
        const { assets } = synthesize({ policy, outdir });
        const paths = [...assets.values()].flatMap((folder) =>
          readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
        );
        expect(paths.length).toBeGreaterThan(10);
        // Folders are no entries of the archive that is uploaded: Lambda makes them.
        const files = paths.map((path) => statSync(path)).filter((entry) => entry.isFile());
        expect(new Set(files.map(({ mode }) => (mode & 0o777).toString(8)))).toEqual(new Set(['644']));
      } finally {
        process.umask(umask);
      }
    });
  });

  test('is the same every time, wherever it is written', () => {
    const [first, second] = [0, 1].map(() =>
      inTemporaryFolder((outdir) => {
        const { template, assets } = synthesize({ policy, outdir });
        return { template, keys: [...assets.keys()].sort() };
      }),
    );
    expect(first).toEqual(second);
    expect(first?.keys.length).toBeGreaterThan(1);
  });

  test('leaves no temporary bundle behind', () => {
    inTemporaryFolder((outdir) => {
      const { assets } = synthesize({ policy, outdir });
      for (const folder of assets.values()) expect(folder.startsWith(outdir) && existsSync(folder)).toBe(true);
    });
  });
});
