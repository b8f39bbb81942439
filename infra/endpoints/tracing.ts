// Spans of requests: a collector of OpenTelemetry beside the functions, and what tells them of it.
import type { ILayerVersion } from 'aws-cdk-lib/aws-lambda';
import { PropsError } from '../props-error.ts';

/** Where spans of requests go. */
export interface TracingOptions {
  /** The layer of a collector for arm64 that takes OTLP over HTTP on port 4318, as that of AWS does. */
  readonly collector: ILayerVersion;
  /** What configures it, by names that begin with `OPENTELEMETRY_` or `OTEL_`: where its configuration lies, say. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Of a collector that runs beside the function. */
export const collectorUrl = 'http://127.0.0.1:4318';

/** @throws PropsError */
export function checkTracing({ collector, environment = {} }: Partial<TracingOptions>): void {
  if (!collector) throw new PropsError('tracing needs a collector: the layer that spans are sent to');
  const other = Object.keys(environment).find((name) => !/^(?:OPENTELEMETRY|OTEL)_[A-Z\d_]+$/.test(name));
  if (other !== undefined) {
    throw new PropsError(`the environment of tracing has "${other}", and is for OPENTELEMETRY_… and OTEL_… alone`);
  }
  if ('OTEL_EXPORTER_OTLP_ENDPOINT' in environment) {
    throw new PropsError('OTEL_EXPORTER_OTLP_ENDPOINT is where the functions send spans: the collector beside them');
  }
}
