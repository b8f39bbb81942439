// Kubernetes: projected service account tokens of any cluster (EKS, GKE, AKS, self-hosted). Documented by
// Kubernetes. https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/
import { randomUUID } from 'node:crypto';
import type { Profile, SampleInput } from './profile.ts';

const bound = ['node', 'pod', 'secret', 'serviceaccount'] as const;

export const kubernetes: Profile = {
  name: 'kubernetes',
  claims: { 'kubernetes.io': 'object' },
  members: {
    'kubernetes.io.namespace': 'string',
    'kubernetes.io.warnafter': 'int',
    ...Object.fromEntries(
      bound.flatMap((object) => [
        [path(object), 'object'],
        [path(object, 'name'), 'string'],
        [path(object, 'uid'), 'string'],
      ]),
    ),
  },
  optional: [
    path('warnafter'),
    ...['node', 'pod', 'secret'].flatMap((object) => [path(object), path(object, 'name'), path(object, 'uid')]),
  ],
  immutable: Object.fromEntries(bound.map((object) => [path(object, 'name'), path(object, 'uid')])),
  run: [path('pod', 'uid')],
  algorithms: ['RS256'],
  // Of the big three only AKS ends its issuer with a slash.
  endsWithSlash: (url) => /^https:\/\/[^/]+\.oic\.prod-aks\.azure\.com\//.test(url),
  sample,
};

function path(...names: readonly string[]): string {
  return ['kubernetes.io', ...names].join('.');
}

function sample({ issuer, audience, now }: SampleInput): Record<string, unknown> {
  return {
    aud: [audience],
    exp: now + 3607,
    iat: now,
    iss: issuer,
    jti: randomUUID(),
    'kubernetes.io': {
      namespace: 'shop',
      node: { name: 'ip-10-0-1-23.eu-west-1.compute.internal', uid: '7c1d4c0e-5f0b-4f6e-9a45-0f2f8b2a6e11' },
      pod: { name: 'orders-6b7f9d5c4b-x2x7q', uid: 'b9f0e7a2-7f55-4d13-8d25-2f6f1c8f3a90' },
      serviceaccount: { name: 'orders', uid: 'e2a9f1c3-3f6d-4f8a-8f0b-5a4b9d3c2e17' },
      warnafter: now + 3607,
    },
    nbf: now,
    sub: 'system:serviceaccount:shop:orders',
  };
}
