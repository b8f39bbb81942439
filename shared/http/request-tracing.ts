// Whether requests are traced. What that takes lies in a file of its own beside a bundle (infra/function-code.ts): it is loaded
// during init, and only where there is a collector.
import type { TracingOptions } from './tracing/tracing.ts';

/** Undefined without a collector. Rejects when the file is not there. */
export async function requestTracing(collector: string | undefined, options: TracingOptions) {
  return collector === undefined ? undefined : (await import('./tracing/tracing.ts')).createTracing(collector, options);
}
