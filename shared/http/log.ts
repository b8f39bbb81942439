// The functions' log: one JSON line per event on stdout, through the Powertools logger.
import { Logger } from '@aws-lambda-powertools/logger';

/** Writes one line: a message and an allow-list of fields. */
export type WriteLog = (level: 'info' | 'error', message: string, fields: Readonly<Record<string, unknown>>) => void;

/** A log whose lines carry the function's name and exactly the fields they are given. */
export function createLog(functionName: string): WriteLog {
  const logger = new Logger({ serviceName: `cambio-${functionName}` });
  return (level, message, fields) => logger[level](message, { event: fields });
}
