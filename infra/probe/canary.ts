// Who probes a deployment, as its policy has to know it. Pure.
import type { Duration } from 'aws-cdk-lib';
import type { IAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import type { Client, PolicyArtifact } from '../../shared/policy/compiled-policy.ts';
import { PropsError } from '../props-error.ts';

/** The workload that probes the deployment: a function of ours, and in the policy one like any other. */
export interface Canary {
  /** Issuer of profile `aws` in the policy: this account's own. */
  readonly issuer: string;
  /** Client that authenticates by tokens of that issuer, and introspects the audience. */
  readonly client: string;
  /** Audience that a rule grants it: for nothing else, since its tokens buy nothing. */
  readonly audience: string;
  /** Name of the function's role, so that the policy can name the `sub` before it is there; else IAM's own. */
  readonly roleName?: string;
  /** How often it probes; each minute by default, so that a rollout is probed before its next step. */
  readonly rate?: Duration;
}

/** What a run of the probe rings. */
export interface ProbeAlarms {
  /** A check failed in one run: enough to take a new version back, and too little to wake somebody. */
  readonly failing: IAlarm;
  /** Three runs in a row failed, or none came: for whoever is on call. */
  readonly down: IAlarm;
}

const rates = [1, 5] as const;

/** @throws PropsError for a canary that the policy does not let do what it probes */
export function requireCanary({ issuers, clients, audiences, rules }: PolicyArtifact, canary: Canary): void {
  const { issuer: issuerName, client: clientName, audience: audienceName, rate } = canary;
  const refuse = (why: string): never => {
    throw new PropsError(`canary: ${why}`);
  };
  const issuer = issuers[issuerName] ?? refuse(`the policy has no issuer "${issuerName}"`);
  if (issuer.profile !== 'aws') refuse(`the issuer "${issuerName}" is not of profile aws, whose tokens the probe has`);
  if (!issuer.algorithms.includes('RS256')) refuse(`the issuer "${issuerName}" does not take RS256`);
  if (issuer.singleUse) refuse(`the issuer "${issuerName}" is singleUse, and one token is subject and assertion here`);
  const client = clients[clientName] ?? refuse(`the policy has no client "${clientName}"`);
  if (!isFederatedBy(client, issuerName)) refuse(`the client "${clientName}" is not federated by "${issuerName}"`);
  if (!client.introspects.includes(audienceName))
    refuse(`the client "${clientName}" does not introspect "${audienceName}"`);
  const audience = audiences[audienceName] ?? refuse(`the policy has no audience "${audienceName}"`);
  if (audience.format !== 'jwt') refuse(`the audience "${audienceName}" has references, and the probe verifies a JWT`);
  if (audience.binding) refuse(`the audience "${audienceName}" wants proof of possession, which the probe has none of`);
  const grants = rules.some(
    (rule) =>
      'grant' in rule &&
      'audience' in rule.grant &&
      rule.grant.audience === audienceName &&
      rule.from === issuerName &&
      rule.actor === undefined &&
      (rule.client === undefined || rule.client === 'any' || rule.client.includes(clientName)),
  );
  if (!grants) refuse(`no rule grants "${audienceName}" to the client "${clientName}" from "${issuerName}"`);
  if (rate && !rates.some((minutes) => rate.toMinutes({ integral: false }) === minutes)) {
    refuse('rate is one minute or five');
  }
}

function isFederatedBy({ auth }: Client, issuer: string): boolean {
  return auth.method === 'federated' && auth.issuer === issuer;
}
