// The CloudWatch namespace of one deployment's metrics: two deployments in an account must not be taken for one.
import { Names } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/** Made of the stack's name and the construct's id: what is deployed again finds its metrics again. */
export function metricsNamespace(exchange: Construct): string {
  return `Cambio/${deploymentName(exchange)}`;
}

/** How the names of this deployment's alarms begin. */
export function deploymentName(exchange: Construct): string {
  return Names.uniqueResourceName(exchange, { maxLength: 64, separator: '-' });
}
