// A real nginx in front of what a test serves, with a folder of its own for all that it writes.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';

export interface Nginx {
  /** Of the servers, on 127.0.0.1. */
  readonly ports: readonly number[];
  readonly close: () => Promise<void>;
}

/**
 * Starts one in a folder that is there; it listens when the promise settles.
 * @param servers what stands in the `server` block that listens on the address
 */
export async function startNginx(folder: string, servers: readonly ((address: string) => string)[]): Promise<Nginx> {
  const ports = await Promise.all(servers.map(freePort));
  const blocks = servers.map((serverOn, index) => `server { ${serverOn(`127.0.0.1:${ports[index]}`)} }`);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  const configuration = join(folder, 'nginx.conf');
  writeFileSync(
    configuration,
    `daemon off; pid ${folder}/nginx.pid; error_log stderr; events {}
     http { access_log off; ${temporary.join(' ')} ${blocks.join(' ')} }`,
  );
  const nginx = spawn('nginx', ['-c', configuration, '-p', folder], { stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = new Promise<void>((resolve) => nginx.once('close', () => resolve()));
  await Promise.race([
    Promise.all(ports.map(listening)),
    ended.then(() => {
      throw new Error('nginx ended');
    }),
  ]);
  return {
    ports,
    close: () => {
      nginx.kill('SIGTERM');
      return ended;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function listening(port: number): Promise<void> {
  for (;;) {
    const isUp = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('close', () => socket.destroy());
      socket.once('connect', () => socket.destroy());
    });
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
