// What the package `cambio-token-exchange` exports.
export type { Domain } from './api/domain.ts';
export type { AuditOptions } from './audit/audit-options.ts';
export type { PrivateEndpoint } from './edge/private-endpoint.ts';
export type {
  ProvisionedConcurrency,
  ProvisionedFunctions,
  ScheduledExecutions,
} from './edge/provisioned-concurrency.ts';
export type { WebAclOptions } from './edge/web-acl.ts';
export type { ReservedConcurrency } from './endpoints/endpoints.ts';
export type { ServiceBudget } from './endpoints/service-budget.ts';
export type { TracingOptions } from './endpoints/tracing.ts';
export type { MutualTls, OwnMutualTls } from './mtls/mutual-tls.ts';
export type { ExchangeOutputs } from './outputs.ts';
export type { Canary, ProbeAlarms } from './probe/canary.ts';
export { PropsError } from './props-error.ts';
export { type CompiledPolicyInput, PolicyError } from './resolve-policy.ts';
export type { RolloutSpeed } from './rollout/rollout-speed.ts';
export { TokenExchange, type TokenExchangeProps } from './token-exchange.ts';
