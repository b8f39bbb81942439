// Asks the process that all test files of a run share (see ./run-process.ts), over a socket in the run's folder.
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { deserialize, serialize } from 'node:v8';

export const synthesisPath = '/synthesis';
export const motoPath = '/moto';

export function socketOfTheRun(): string {
  return join(process.env['TEST_RUN_FOLDER'] ?? '', 'process.sock');
}

export async function askTheRun<Answer>(path: string, input?: unknown): Promise<Answer> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = request({ socketPath: socketOfTheRun(), path, method: 'POST' }, resolve);
    sent.once('error', reject).end(serialize(input));
  });
  const body = await buffer(response);
  if (response.statusCode !== 200) throw new Error(body.toString());
  return deserialize(body);
}
