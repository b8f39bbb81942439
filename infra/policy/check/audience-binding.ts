// Audiences that bind a token to nobody in particular: whoever else receives such tokens could present them here. Pure.

import { profileNameOf } from '../claims/catalogue.ts';
import type { MergedPolicy } from '../schema/merge.ts';
import { type Diagnostic, quote } from '../source/diagnostic.ts';
import { itemsOf } from '../source/list-items.ts';
import { below, warningAt } from '../source/place.ts';

/** What jobs and workloads ask for when their tokens are for a cloud, a cluster or a registry. */
const ofOthers: readonly RegExp[] = [
  /^sts\.amazonaws\.com(\.cn)?$/,
  /^api:\/\/AzureADTokenExchange/i,
  /^(https:)?\/\/iam\.googleapis\.com\//,
  /^(aws|azure|gcp|kubernetes|vault)\.workload\.identity$/,
  /^(https:\/\/)?kubernetes\.default\.svc/,
  /^(sigstore|pypi|testpypi|npm:registry\.npmjs\.org)$/,
];

/** What a vendor writes when a job asks for nothing. */
const defaults: Readonly<Record<string, RegExp>> = {
  'github-actions': /^https:\/\/github\.com\/[^/]+$/,
  buildkite: /^https:\/\/buildkite\.com\/[^/]+$/,
};

/** Vendors whose jobs cannot ask for another. */
const fixed = ['azure-devops'];

export function checkAudienceBinding({ issuers }: MergedPolicy): readonly Diagnostic[] {
  return issuers.flatMap(({ value, place }) => {
    const profile = profileNameOf(value) ?? '';
    if (fixed.includes(profile)) return [];
    const shared = [...ofOthers, ...(Object.hasOwn(defaults, profile) ? [defaults[profile]] : [])];
    return itemsOf(value.audience, below(place, 'audience'))
      .filter((item) => shared.some((pattern) => pattern?.test(item.value)))
      .map((item) => {
        const message = `tokens for ${quote(item.value)} are sent to others too, who could present them here`;
        return warningAt(item.place, message, 'let jobs ask for an audience of your own, such as this issuer’s URL');
      });
  });
}
