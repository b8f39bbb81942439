// What the metrics and alarms of one deployment are called: two deployments in an account must not be taken for one.
import { Stack, Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/** The CloudWatch namespace of the functions' metrics. */
export function metricsNamespace(exchange: Construct): string {
  return `Cambio/${deploymentName(exchange)}`;
}

/** The stack's name and the construct's path in it: what is deployed again finds its metrics again. */
export function deploymentName(exchange: Construct): string {
  const stack = Stack.of(exchange);
  const name = Token.isUnresolved(stack.stackName) ? stack.node.id : stack.stackName;
  const path = exchange.node.path.slice(stack.node.path.length + 1);
  return `${name}-${path}`.replaceAll(/[^\w.-]/g, '-');
}
