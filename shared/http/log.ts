// The functions' log: one JSON line per event, made by one JSON.stringify. A logging library takes five times as long for it.
import { version } from '../version.ts';

/** Writes one line: a message and an allow-list of fields. */
export type WriteLog = (level: 'info' | 'error', message: string, fields: Readonly<Record<string, unknown>>) => void;

export interface LogOptions {
  /** The function's name, which its lines carry. */
  readonly name: string;
  /** The function's version, which its errors carry: two serve at once while one takes over. */
  readonly functionVersion?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Lambda's `_X_AMZN_TRACE_ID` of the present request: `Root=…;Parent=…;Sampled=…`. */
  readonly traceHeader: () => string | undefined;
  /** Takes whole lines, each with its end. */
  readonly print: (line: string) => void;
}

/** A log whose lines carry the function's name and version, time and trace, and exactly the fields they are given. */
export function createLog({ name, functionVersion, clock, traceHeader, print }: LogOptions): WriteLog {
  const service = `cambio-${name}`;
  return (level, message, event) => {
    const line = {
      level: level.toUpperCase(),
      message,
      timestamp: new Date(clock()).toISOString(),
      service,
      version,
      function_version: level === 'error' ? functionVersion : undefined,
      xray_trace_id: traceIdIn(traceHeader()),
      event,
    };
    print(`${JSON.stringify(line)}\n`);
  };
}

function traceIdIn(header: string | undefined): string | undefined {
  return /(?:^|;)Root=([^;]+)/.exec(header ?? '')?.[1];
}
