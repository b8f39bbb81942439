// The functions' log: one JSON line per event, made by one JSON.stringify. A logging library takes five times as long for it.
import { embeddedMetrics, type Measured } from '../metrics.ts';
import { version } from '../version.ts';

/** Writes one line: a message, an allow-list of fields, and what it measures. */
export type WriteLog = (
  level: 'info' | 'error',
  message: string,
  fields: Readonly<Record<string, unknown>>,
  measured?: Measured,
) => void;

export interface LogOptions {
  /** The function's name, which its lines carry. */
  readonly name: string;
  /** The function's version, which its errors carry: two serve at once while one takes over. */
  readonly functionVersion?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Lambda's `_X_AMZN_TRACE_ID` of the present request: `Root=…;Parent=…;Sampled=…`. */
  readonly traceHeader: () => string | undefined;
  /** CloudWatch namespace of the metrics in its lines; without it they have none. */
  readonly namespace?: string | undefined;
  /** Takes whole lines, each with its end. */
  readonly print: (line: string) => void;
}

/** A log whose lines carry the function's name and version, time and trace, and exactly the fields they are given. */
export function createLog({ name, functionVersion, clock, traceHeader, namespace, print }: LogOptions): WriteLog {
  const service = `cambio-${name}`;
  // The first request of an execution environment waited for its start.
  let starts: Measured = { cold_starts: 1 };
  return (level, message, event, measured) => {
    const at = clock();
    const line = {
      level: level.toUpperCase(),
      message,
      timestamp: new Date(at).toISOString(),
      service,
      version,
      function_version: level === 'error' ? functionVersion : undefined,
      xray_trace_id: traceIdIn(traceHeader()),
      ...(namespace && measured && embeddedMetrics(namespace, at, { ...measured, ...starts })),
      event,
    };
    if (measured) starts = {};
    print(`${JSON.stringify(line)}\n`);
  };
}

function traceIdIn(header: string | undefined): string | undefined {
  return /(?:^|;)Root=([^;]+)/.exec(header ?? '')?.[1];
}
