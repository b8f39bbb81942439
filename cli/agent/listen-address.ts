// `--listen`: an address and port, or the path of a Unix socket. Pure.
import { isIP } from 'node:net';
import { UsageError } from '../usage.ts';

export type ListenAddress =
  | { readonly kind: 'unix'; readonly text: string; readonly path: string }
  | { readonly kind: 'tcp'; readonly text: string; readonly host: string; readonly port: number };

/** `127.0.0.1:9911`, `[::1]:9911`, `localhost:0`, `unix:PATH`. @throws UsageError */
export function parseListen(text: string): ListenAddress {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length);
    return path === '' ? fail(text) : { kind: 'unix', text, path };
  }
  const [, bracketed, plain, port = ''] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const isHost = host === 'localhost' || (host !== undefined && isIP(host) > 0);
  if (!isHost || Number(port) > 65_535) return fail(text);
  return { kind: 'tcp', text, host, port: Number(port) };
}

/** Reached from this machine alone: a Unix socket, too. */
export function isOnThisMachine(address: ListenAddress): boolean {
  return address.kind === 'unix' || isLoopbackHost(address.host);
}

/** `localhost`, 127.0.0.0/8 or ::1, without brackets. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/.test(host);
}

function fail(text: string): never {
  throw new UsageError(`--listen takes ADDRESS:PORT, [ADDRESS]:PORT or unix:PATH, not ${text}`);
}
