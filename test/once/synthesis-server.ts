// Synthesizes for the stacks of all test files of a run: the CDK is loaded once, and warm from the second stack on. One at a time.
// I/O: a socket in the run's folder, and folders that whoever asks has made. Ends with the process that started it.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { deserialize, serialize } from 'node:v8';
import type { SynthesizeOptions } from '../../infra/synthesize.ts';
import { synthesisSocket } from './synthesis.ts';

process.once('disconnect', () => process.exit());

createServer((request, response) => void answer(request, response)).listen(synthesisSocket(), () =>
  process.send?.('listening'),
);

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const options: SynthesizeOptions = deserialize(await buffer(request));
    const { synthesize } = await import('../../infra/synthesize.ts');
    response.end(serialize(synthesize(options)));
  } catch (error) {
    response.writeHead(500).end(error instanceof Error ? error.message : String(error));
  }
}
