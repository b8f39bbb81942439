// What all test files of a run have of one process. It synthesizes for their stacks: the CDK is loaded once, and warm from the second
// stack on; one at a time. And it has a moto for them, started for the first who asks.
// I/O: a socket in the run's folder, folders that whoever asks has made, and moto's process. Ends with the process that started it.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { deserialize, serialize } from 'node:v8';
import type { Synthesized, SynthesizeOptions } from '../../infra/synthesize.ts';
import { type RunningMoto, startMoto } from '../moto.ts';
import { motoPath, socketOfTheRun } from './ask-the-run.ts';

process.once('disconnect', () => process.exit());

createServer((request, response) => void answer(request, response)).listen(socketOfTheRun(), () =>
  process.send?.('listening'),
);

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const input: unknown = deserialize(await buffer(request));
    response.end(serialize(await (request.url === motoPath ? urlOfMoto() : synthesized(input as SynthesizeOptions))));
  } catch (error) {
    response.writeHead(500).end(error instanceof Error ? error.message : String(error));
  }
}

async function synthesized(options: SynthesizeOptions): Promise<Synthesized> {
  const { synthesize } = await import('../../infra/synthesize.ts');
  return synthesize(options);
}

let moto: Promise<RunningMoto> | undefined;

async function urlOfMoto(): Promise<string> {
  moto ??= startMoto();
  return (await moto).url;
}
