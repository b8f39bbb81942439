// The lists of docs/checklists.md as far as a program can look: which checks each has, run one after the other. Network, by the checks.
import { CallFailed } from '../call-failed.ts';
import type { Machine } from '../machine.ts';
import type { Server } from '../server.ts';
import { UsageError } from '../usage.ts';
import { awsOf } from './aws-call.ts';
import { type Check, type Deployment, deploymentOf } from './deployment.ts';
import { type Found, unknown } from './finding.ts';
import { ringingAlarms, suspensions } from './incident-checks.ts';
import { alarmActions, auditTrail, logRetention, signingKeys, trailOfKms } from './observed-checks.ts';
import { administrators, operators, recordsTable, stackStatus, webAcl } from './owned-checks.ts';
import { adminRoutes, clock, discovery, errorAnswers, jwks, tls } from './public-checks.ts';
import { checkServer } from './server-checks.ts';
import { strayKeys } from './stray-keys.ts';

export const checks = {
  discovery,
  jwks,
  tls,
  clock,
  'admin-routes': adminRoutes,
  errors: errorAnswers,
  stack: stackStatus,
  operators,
  table: recordsTable,
  'signing-keys': signingKeys,
  'stray-keys': strayKeys,
  cloudtrail: trailOfKms,
  alarms: alarmActions,
  audit: auditTrail,
  logs: logRetention,
  waf: webAcl,
  administrators,
  suspensions,
  ringing: ringingAlarms,
} as const satisfies Readonly<Record<string, Check>>;

export type CheckName = keyof typeof checks;

const preProduction: readonly CheckName[] = [
  ...(['discovery', 'jwks', 'tls', 'clock', 'admin-routes', 'errors'] as const),
  ...(['stack', 'operators', 'table', 'signing-keys'] as const),
];

export const checklists: Readonly<Record<string, readonly CheckName[]>> = {
  'pre-production': preProduction,
  production: [...preProduction, 'stray-keys', 'cloudtrail', 'alarms', 'audit', 'logs', 'waf', 'administrators'],
  incident: [
    'discovery',
    'jwks',
    'clock',
    'errors',
    'stack',
    'signing-keys',
    'ringing',
    'suspensions',
    'administrators',
  ],
};

export interface Listed {
  readonly server: Server;
  readonly machine: Machine;
  /** Of CloudFormation. */
  readonly stack: string | undefined;
  readonly say: (what: string, found: Found) => void;
}

/**
 * @returns whether the server could be reached; what AWS says is looked at all the same
 * @throws UsageError for a list that there is none of
 */
export async function runChecklist(name: string, { server, machine, stack, say }: Listed): Promise<boolean> {
  const list = Object.hasOwn(checklists, name) ? checklists[name] : undefined;
  if (!list) throw new UsageError(`--checklist takes ${Object.keys(checklists).join(', ')}`);
  const checked = await checkServer(server, machine);
  say('server', checked.found);
  const deployment = deploymentOf({ server, machine, stack, checked, aws: awsOf(server.at(''), machine) });
  for (const check of list) say(check, await look(checks[check], deployment));
  return checked.isReachable;
}

async function look(check: Check, deployment: Deployment): Promise<Found> {
  try {
    return await check(deployment);
  } catch (error) {
    if (error instanceof CallFailed || error instanceof UsageError) return unknown(error.message);
    throw error;
  }
}
