// What a tenant that is put at run time cannot hold: what a deployment has to give rights, network or keys for. Pure.
import { tenantOf } from '../../../shared/policy/tenant.ts';
import type { RunTimeTenant } from '../compile-options.ts';
import { defaults } from '../schema/defaults.ts';
import type { MergedPolicy } from '../schema/merge.ts';
import { type Diagnostic, quote } from '../source/diagnostic.ts';
import { below, errorAt, keyOf, type Place, warningAt } from '../source/place.ts';

const deployHint = 'leave it to a folder of the policy, which is deployed';

export function checkRunTime(policy: MergedPolicy, runTime: RunTimeTenant): Diagnostic[] {
  const { tenant, algorithms, statuses, certificates } = runTime;
  const isOwn = ({ place }: { readonly place: Place }): boolean => place.source.tenant === tenant;
  const refuse = (place: Place, ...keys: readonly string[]): Diagnostic[] =>
    keys
      .filter((key) => place.source.has([...place.path, key]))
      .map((key) => errorAt(keyOf(below(place, key)), `${quote(key)} is not for a tenant put at run time`, deployHint));
  return [
    ...policy.roles
      .filter(isOwn)
      .map(({ place }) => errorAt(keyOf(place), 'a tenant put at run time has no roles', deployHint)),
    ...policy.issuers.filter(isOwn).flatMap(({ place }) => refuse(place, 'network', 'ca', 'introspection')),
    // The trust store of certificates is deployed.
    ...policy.clients.filter(isOwn).flatMap(({ place }) => refuse(below(place, 'auth'), 'self_signed_tls_client_auth')),
    ...policy.audiences
      .filter(isOwn)
      .flatMap(({ value: { alg = defaults.alg, status }, place }) => [
        ...(algorithms.includes(alg)
          ? []
          : [errorAt(below(place, 'alg'), `the deployment has no key for ${alg}`, keysHint('tokens', algorithms))]),
        ...(status !== true || statuses.includes(alg)
          ? []
          : [
              errorAt(
                keyOf(below(place, 'status')),
                `the deployment signs no status lists by ${alg}`,
                keysHint('status lists', statuses),
              ),
            ]),
      ]),
    ...(certificates
      ? []
      : needingCertificates(policy)
          .filter(isOwn)
          .map(({ place }) => warningAt(place, ...noCertificates))),
    ...policy.imports
      .filter((each) => each.tenant === tenant && (tenantOf(each.name) !== '' || each.section === 'roles'))
      .map(({ name, place }) => errorAt(place, `${quote(name)} is not exported by the root policy`, deployHint)),
  ];
}

const noCertificates = [
  'no connection has a certificate here, and what needs one is refused',
  'the deployment has no "mtls"',
] as const;

/** Where clients and audiences say that they do. */
function needingCertificates({ clients, audiences }: MergedPolicy): readonly { readonly place: Place }[] {
  const way = 'tls_client_auth';
  return [
    ...clients
      .filter(({ value }) => way in value.auth)
      .map(({ place }) => ({ place: keyOf(below(place, 'auth', way)) })),
    ...audiences
      .filter(({ value }) => value.binding === 'mtls')
      .map(({ place }) => ({ place: below(place, 'binding') })),
  ];
}

/** A key is made at deploy, for what the deployed policy has a use for. */
function keysHint(what: string, algorithms: readonly string[]): string {
  const has = algorithms.length === 0 ? `it signs no ${what}` : `it signs ${what} by ${algorithms.join(', ')}`;
  return `${has}; another begins with an audience of the deployed policy`;
}
