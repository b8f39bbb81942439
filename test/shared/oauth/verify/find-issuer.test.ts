// The index of issuers finds what a walk over them finds.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findIssuer } from '../../../../shared/oauth/verify/find-issuer.ts';
import type { TrustedIssuer } from '../../../../shared/policy/compiled-policy.ts';
import { github } from '../../../world.ts';

const urls = ['https://a.example', 'https://a.example/', 'https://b.example', '__proto__'];
const audiences = fc.uniqueArray(fc.constantFrom('x', 'y', 'z', 'https://sts.acme.example', 'constructor'), {
  minLength: 1,
});
const issuer = fc
  .record({ url: fc.constantFrom(...urls), audiences })
  .map((part): TrustedIssuer => ({ ...github, ...part }));
const named = fc.record({ iss: fc.constantFrom(...urls, 'https://c.example'), aud: audiences });

test('an issuer is the first of its URL with one of the audiences, else the first of its URL, whatever was looked for before', () => {
  fc.assert(
    fc.property(fc.array(issuer, { maxLength: 6 }), fc.array(named, { maxLength: 4 }), (issuers, tokens) => {
      for (const token of tokens) {
        const ofUrl = issuers.filter(({ url }) => url === token.iss);
        const walked =
          ofUrl.find((one) => one.audiences.some((audience) => token.aud.some((one) => one === audience))) ?? ofUrl[0];
        expect(findIssuer(issuers, token)).toBe(walked);
      }
    }),
  );
});

test('among a thousand tenants that share an issuer, none but the one is looked at once they are known', () => {
  let looks = 0;
  const tenants = Array.from({ length: 1_000 }, (_, n): TrustedIssuer => {
    const entry = { ...github, name: `t${n}/github`, audiences: [`https://t${n}.acme.example`] };
    const { url } = github;
    return Object.defineProperty(entry, 'url', {
      get: () => {
        looks += 1;
        return url;
      },
    });
  });
  const find = (audience: string) => findIssuer(tenants, { iss: github.url, aud: [audience] })?.name;
  expect(find('https://t3.acme.example')).toBe('t3/github');
  const before = looks;
  expect(find('https://t999.acme.example')).toBe('t999/github');
  expect(find('https://t1000.acme.example')).toBe('t0/github');
  expect(looks).toBe(before);
});
