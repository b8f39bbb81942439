import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { CompileOptions } from '../../../infra/policy/compile-options.ts';
import { compilePolicyFiles } from '../../../infra/policy/compile-policy.ts';
import { canonicalJson } from '../../../infra/policy/lower/canonical-json.ts';
import { changed, compileText, findingsOf, validPolicy } from './policy-world.ts';

const withoutUrl = changed('    url: https://acme.okta.example\n', '');
const local = (text: string, options: CompileOptions = {}) => compileText(text, { local: true, ...options });

describe('the artifact', () => {
  test('holds the whole policy with defaults filled in', () => {
    expect(compileText(validPolicy)).toMatchSnapshot();
  });

  test('is hashed over its canonical JSON', () => {
    const { hash, ...content } = compileText(validPolicy).artifact ?? { hash: '' };
    expect(hash).toBe(createHash('sha256').update(canonicalJson(content)).digest('hex'));
    expect(canonicalJson({ b: [1, { d: undefined, c: null }], a: 'ä"' })).toBe('{"a":"ä\\"","b":[1,{"c":null}]}');
  });

  test('keeps its hash over spelling and changes it over meaning', () => {
    const hashOf = (text: string) => compileText(text).artifact?.hash;
    expect(hashOf(changed('team: blue', 'team: "blue"'))).toBe(hashOf(validPolicy));
    expect(hashOf(changed('ttl: 5m }', 'ttl: 300s }'))).toBe(hashOf(validPolicy));
    expect(hashOf(changed('ttl: 5m }', 'ttl: 299s }'))).not.toBe(hashOf(validPolicy));
    expect(hashOf(changed('team: blue', 'team: Blue'))).not.toBe(hashOf(validPolicy));
  });

  test('is absent when there is any error, and present with warnings', () => {
    expect(compileText(changed('team: blue', 'teem: blue')).artifact).toBeUndefined();
    expect(compileText(changed('team: blue', 'team: no')).artifact).toBeDefined();
  });

  test('tells globs from plain values, and nested claims by the type of their values', () => {
    const { artifact } = compileText(
      changed('team: blue', 'team: [blue, "red-*"], extra.level: [1, 2], extra.on: true'),
    );
    expect(artifact?.rules[3]?.match.slice(3)).toEqual([
      { path: 'team', type: 'string', anyOf: [{ equals: 'blue' }, { glob: 'red-*' }] },
      { path: 'extra.level', type: 'int', open: true, anyOf: [{ equals: 1 }, { equals: 2 }] },
      { path: 'extra.on', type: 'bool', open: true, anyOf: [{ equals: true }] },
    ]);
  });

  test('is the same from one file as from several', () => {
    const [head = '', rules = ''] = validPolicy.split('rules:\n');
    const files = [
      { path: 'a.yaml', text: head },
      { path: 'b.yaml', text: `version: 1\nrules:\n${rules}` },
    ];
    expect(compilePolicyFiles(files).artifact).toEqual(compileText(validPolicy).artifact);
    expect(compilePolicyFiles(files.toReversed()).diagnostics).toEqual([]);
  });
});

describe('issuer URLs from TypeScript', () => {
  const token = '${Token[Okta.Url.42]}';
  const isUnresolved = (value: string) => value === token;

  test('are written into the policy when they are known', () => {
    const { artifact, values } = compileText(withoutUrl, { issuerUrls: { okta: 'https://acme.okta.example' } });
    expect(artifact).toEqual(compileText(validPolicy).artifact);
    expect(values).toEqual({});
  });

  test('leave a hole when CDK knows them only at deploy', () => {
    const { artifact, values, diagnostics } = compileText(withoutUrl, { issuerUrls: { okta: token }, isUnresolved });
    expect(diagnostics).toEqual([]);
    expect(artifact?.issuers['okta']?.url).toEqual({ $value: 'issuers.okta.url' });
    expect(values).toEqual({ 'issuers.okta.url': token });
    expect(JSON.stringify(artifact)).not.toContain('Token[');
  });

  test('are checked like those of the policy', () => {
    expect(findingsOf(withoutUrl, { issuerUrls: { okta: 'http://acme.okta.example' } })).toEqual([
      expect.stringContaining('11:3: the issuer url "http://acme.okta.example" must begin with https://'),
    ]);
    expect(findingsOf(withoutUrl, { issuerUrls: { okta: 'https://acme.okta.example' } })).toEqual([]);
  });

  test('cannot stand beside one in the policy, nor be absent, nor be for nobody', () => {
    const issuerUrls = { okta: 'https://acme.okta.example' };
    expect(findingsOf(validPolicy, { issuerUrls })).toEqual([
      '12:5: the url of issuer "okta" comes from TypeScript too | keep one',
    ]);
    expect(findingsOf(withoutUrl)).toEqual([
      '11:3: issuer "okta" has no url: it must come from TypeScript | add "url:", or give issuers: { "okta": { url } } to the construct',
    ]);
    expect(findingsOf(validPolicy, { issuerUrls: { otka: 'https://a.example' } })).toEqual([
      '1:1: TypeScript gives a url for "otka", which is no issuer | did you mean okta?',
    ]);
  });

  test('may come later where nobody synthesizes', () => {
    const compiled = compileText(withoutUrl, { urlsComeLater: true });
    expect(compiled.diagnostics.map(({ severity }) => severity)).toEqual(['warning']);
    expect(compiled.artifact?.issuers['okta']?.url).toEqual({ $value: 'issuers.okta.url' });
    expect(compileText(withoutUrl).artifact).toBeUndefined();
  });

  test('of two issuers with the same audience are not the same token', () => {
    const twin = `issuers:\n  twin: { audience: portal }\n`;
    const text = withoutUrl.replace('issuers:\n', twin);
    const options = { isUnresolved: (url: string) => url.startsWith(token) };
    expect(findingsOf(text, { ...options, issuerUrls: { okta: token, twin: token } })).toEqual([
      expect.stringContaining('is already an issuer at policy.yaml:3:21'),
    ]);
    expect(findingsOf(text, { ...options, issuerUrls: { okta: token, twin: `${token}/x` } })).toEqual([]);
  });
});

describe('a policy for the local stack', () => {
  const onLoopback = changed('https://acme.okta.example', 'http://127.0.0.1:9000');
  const standIns = (name: string) => (name === 'eks' ? undefined : { keys: [{ kid: `${name}-stand-in` }] });

  test('may name loopback, and says so', () => {
    expect(local(onLoopback).artifact).toMatchObject({ local: true, issuers: { okta: { network: 'loopback' } } });
    expect(compileText(onLoopback).diagnostics).toHaveLength(1);
    expect(compileText(validPolicy).artifact).toMatchObject({ local: false, issuers: { okta: { network: 'public' } } });
  });

  test('may name keys on loopback', () => {
    const text = changed(
      '    claims: kubernetes\n',
      '    claims: kubernetes\n    jwksUri: http://localhost:9000/jwks\n',
    );
    expect(local(text).artifact?.issuers['eks']?.network).toBe('loopback');
    expect(compileText(text).diagnostics).toHaveLength(1);
  });

  test('has stand-in keys for issuers that are elsewhere and name none', () => {
    const { artifact } = local(onLoopback, { standIns });
    expect(artifact?.issuers['github']?.keys).toEqual({ from: 'inline', jwks: { keys: [{ kid: 'github-stand-in' }] } });
    expect(artifact?.issuers['eks']?.keys).toEqual({ from: 'discovery' });
    expect(artifact?.issuers['okta']?.keys).toEqual({ from: 'discovery' });
  });

  test('keeps keys on loopback, and has stand-ins for those at any other address', () => {
    const keysAt = (jwksUri: string) => {
      const claims = '    claims: github-actions\n';
      const text = changed(claims, `${claims}    jwksUri: ${jwksUri}\n`);
      return local(text, { standIns }).artifact?.issuers['github']?.keys.from;
    };
    expect(keysAt('http://localhost:9000/jwks')).toBe('jwksUri');
    expect(keysAt('https://a.example/jwks')).toBe('inline');
  });

  test('is the only one with stand-ins', () => {
    expect(compileText(validPolicy, { standIns }).artifact).toEqual(compileText(validPolicy).artifact);
    expect(local(validPolicy, { standIns }).artifact?.hash).not.toBe(local(validPolicy).artifact?.hash);
  });
});
