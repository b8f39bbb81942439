// The run's own synthesis, as the local stack takes one (see ./synthesis-server.ts): the same code in another process.
import { mkdtempSync, rmSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { deserialize, serialize } from 'node:v8';
import type { Synthesis } from '../../infra/local/template/synthesis-thread.ts';
import type { Synthesized, SynthesizeOptions } from '../../infra/synthesize.ts';

export function synthesisSocket(): string {
  return join(process.env['TEST_RUN_FOLDER'] ?? '', 'synthesis.sock');
}

/** Its folder, with the functions' bundles in it, lasts until it is closed. */
export function openSynthesis(): Synthesis {
  const folder = mkdtempSync(join(tmpdir(), 'cambio-local-'));
  return {
    run: (options) => synthesized({ ...options, outdir: join(folder, 'cdk.out') }),
    close: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function synthesized(options: SynthesizeOptions): Promise<Synthesized> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = request({ socketPath: synthesisSocket(), method: 'POST' }, resolve);
    sent.once('error', reject).end(serialize(options));
  });
  const body = await buffer(response);
  if (response.statusCode !== 200) throw new Error(body.toString());
  return deserialize(body);
}
