// Every command. Each is loaded when it is called: the policy compiler alone takes longer than the rest together.
import type { Command } from './command.ts';

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const texts = (...names: readonly string[]) => Object.fromEntries(names.map((name) => [name, text]));

const defaultPolicy = 'infra/policy';
const server = texts('url');
const subject = texts('token-file', 'token-env', 'token-audience', 'from');
/** The key of this process, or one of a file. */
const proof = { dpop: flag, ...texts('dpop-key') };
const client = texts('client-id', 'client-secret-env', 'client-key', 'client-cert', 'client-assertion-file');

export const commands: Readonly<Record<string, Command>> = {
  'policy check': {
    argument: { name: 'PATH', optional: true },
    options: {},
    run: async ({ positionals: [path = defaultPolicy], output }) =>
      (await import('./policy/compiler-commands.ts')).policyCheck(path, output),
  },
  'policy test': {
    argument: { name: 'PATH', optional: true },
    options: {},
    run: async ({ positionals: [path = defaultPolicy], output }) =>
      (await import('./policy/compiler-commands.ts')).policyTest(path, output),
  },
  'policy explain': {
    options: {
      ...texts('policy', 'claims', 'token-file', 'token-env', 'issuer', 'actor-claims', 'actor-issuer'),
      ...texts('client', 'audience', 'resource', 'role', 'scope', 'now'),
      json: flag,
    },
    run: async ({ values, output, machine }) =>
      (await import('./policy/compiler-commands.ts')).policyExplain(values, output, machine),
  },
  'policy reach': {
    options: { ...texts('policy', 'role', 'audience'), json: flag },
    run: async ({ values, output, machine }) =>
      (await import('./policy/compiler-commands.ts')).policyReach(values, defaultPolicy, output, machine),
  },
  'policy diff': {
    argument: { name: 'OLD NEW' },
    options: { json: flag },
    run: async ({ values, positionals: [before = '', after = ''], output, machine }) =>
      (await import('./policy/compiler-commands.ts')).policyDiff([before, after], values, output, machine),
  },
  'policy replay': {
    argument: { name: 'AUDIT.jsonl' },
    options: texts('policy'),
    run: async ({ values, positionals: [file = ''], output }) =>
      (await import('./policy/compiler-commands.ts')).policyReplay(file, values, output),
  },
  'policy new-tenant': {
    argument: { name: 'NAME' },
    options: texts('policy'),
    run: async ({ values, positionals: [name = ''], output }) =>
      (await import('./policy/compiler-commands.ts')).policyNewTenant(
        name,
        String(values['policy'] ?? defaultPolicy),
        output,
      ),
  },
  exchange: {
    options: { ...server, ...subject, ...client, ...texts('audience', 'resource', 'scope'), ...proof, json: flag },
    run: async ({ values, output, machine }) => (await import('./exchange.ts')).exchange(values, output, machine),
  },
  aws: {
    options: { ...server, ...subject, ...client, ...texts('role', 'format', 'dpop-key') },
    run: async ({ values, output, machine }) => (await import('./aws/aws.ts')).aws(values, output, machine),
  },
  'aws exec': {
    argument: { name: 'CMD', rest: true },
    options: { ...server, ...subject, ...client, ...texts('role', 'dpop-key') },
    run: async ({ values, positionals, output, machine }) =>
      (await import('./aws/exec.ts')).awsExec(positionals, values, output, machine),
  },
  'aws trust-policy': {
    options: { ...server, ...texts('role', 'policy', 'issuer', 'token-role', 'revocations-role') },
    run: async ({ values, output, machine }) => {
      const { issuer } = (await import('./server.ts')).serverOf(values['url'] as string | undefined, machine);
      return (await import('./policy/compiler-commands.ts')).awsTrustPolicy(values, defaultPolicy, output, issuer);
    },
  },
  agent: {
    options: { ...server, ...subject, ...client, ...texts('listen', 'auth-token-file'), ...proof },
    run: async ({ values, output, machine }) => (await import('./agent/agent.ts')).agent(values, output, machine),
  },
  proof: {
    argument: { name: 'URL' },
    options: texts('token-file', 'token-env', 'dpop-key', 'method', 'nonce'),
    run: async ({ values, positionals: [url = ''], output, machine }) =>
      (await import('./proof.ts')).proof(url, values, output, machine),
  },
  introspect: {
    options: { ...server, ...texts('token-file', 'token-env'), ...client },
    run: async ({ values, output, machine }) => (await import('./introspect.ts')).introspect(values, output, machine),
  },
  revoke: {
    options: { ...server, ...subject, ...client, ...texts('by', 'value', 'reason', 'issued-before') },
    run: async ({ values, output, machine }) => (await import('./revoke.ts')).revoke(values, output, machine),
  },
  probe: {
    options: { ...server, ...subject, ...client, ...texts('audience'), ...proof },
    run: async ({ values, output, machine }) => (await import('./probe.ts')).probe(values, output, machine),
  },
  'keys list': {
    options: server,
    run: async ({ values, output, machine }) => (await import('./keys.ts')).keys.list(values, output, machine),
  },
  'keys rotate': {
    options: server,
    run: async ({ values, output, machine }) => (await import('./keys.ts')).keys.rotate(values, output, machine),
  },
  'keys revoke': {
    argument: { name: 'KID' },
    options: server,
    run: async ({ values, positionals: [kid = ''], output, machine }) =>
      (await import('./keys.ts')).keys.revoke(kid, values, output, machine),
  },
  console: {
    options: { ...server, ...texts('port', 'policy'), write: flag },
    run: async ({ values, output, machine }) =>
      (await import('./console/console.ts')).openConsole(values, output, machine),
  },
  init: {
    argument: { name: 'FOLDER', optional: true },
    options: {
      ...texts('ci', 'organization', 'repository', 'branch', 'role', 'url', 'token-audience'),
      ...texts('environment', 'origin', 'project', 'issuer'),
    },
    run: async ({ values, positionals: [folder = '.'], output, machine }) =>
      (await import('./policy/compiler-commands.ts')).init(folder, values, output, machine),
  },
  completion: {
    argument: { name: 'SHELL' },
    options: {},
    run: async ({ positionals: [shell = ''], output }) =>
      (await import('./completion.ts')).completion(shell, commands, output),
  },
  doctor: {
    options: { ...server, ...subject, ...client, ...texts('checklist', 'stack', 'issuer', 'policy'), json: flag },
    run: async ({ values, output, machine }) => (await import('./doctor/doctor.ts')).doctor(values, output, machine),
  },
  'audit verify': {
    argument: { name: 'AUDIT.jsonl', optional: true },
    options: { ...server, ...texts('trail', 'key', 'since', 'until') },
    run: async ({ values, positionals: [file], output, machine }) =>
      (await import('./audit-verify.ts')).auditVerify(file, values, output, machine),
  },
  suspend: {
    argument: { name: 'KIND NAME' },
    options: { ...server, ...texts('reason', 'until') },
    run: async ({ values: options, positionals: words, output, machine }) =>
      (await import('./suspensions.ts')).suspend({ words, options, output, machine }),
  },
  'suspend list': {
    options: server,
    run: async ({ values: options, output, machine }) =>
      (await import('./suspensions.ts')).listSuspensions({ options, output, machine }),
  },
  resume: {
    argument: { name: 'KIND NAME' },
    options: server,
    run: async ({ values: options, positionals: words, output, machine }) =>
      (await import('./suspensions.ts')).resume({ words, options, output, machine }),
  },
  why: {
    argument: { name: 'DECISION_ID' },
    options: { ...server, json: flag },
    run: async ({ values, positionals: [id = ''], output, machine }) =>
      (await import('./why.ts')).why(id, values, output, machine),
  },
};
