// Binding an HTTP server to loopback. I/O: one listening socket.
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Binds `server` to 127.0.0.1; port 0 takes a free one. @throws the system's error, EADDRINUSE for one */
export function listen(server: Server, port: number): Promise<{ readonly port: number }> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve({ port: (server.address() as AddressInfo).port });
    });
  });
}
