import type { RequestListener } from 'node:http';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { createFetchJson, type FetchJsonOptions } from '../../../shared/issuers/fetch-json.ts';
import { FetchJsonError } from '../../../shared/issuers/fetch-json-error.ts';
import { selfSigned } from './certificate.ts';
import { json, type LoopbackServer, serveHttp, serveHttps, serveTcp } from './loopback-server.ts';

const open: LoopbackServer[] = [];
const kept = async (server: Promise<LoopbackServer>) => {
  open.push(await server);
  return server;
};
const http = (answer: RequestListener) => kept(serveHttp(answer));
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

const CANARY = 'CANARY-of-the-body';
const good = { keys: [] };

/** The document, or the error; the two cannot be confused. */
async function outcome(url: string, options: FetchJsonOptions = {}, ca?: string): Promise<unknown> {
  const fetchJson = createFetchJson({ timeoutMs: 5000, ...options });
  try {
    return await fetchJson({ url, network: 'loopback', anyPort: true, ...(ca !== undefined && { ca }) });
  } catch (error) {
    if (!(error instanceof FetchJsonError)) throw error;
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(CANARY);
    return error;
  }
}
const codeOf = async (url: string, options?: FetchJsonOptions) => {
  const result = await outcome(url, options);
  return result instanceof FetchJsonError ? result.code : 'ok';
};

test('gets a JSON document, asking for it as plainly as can be', async () => {
  const seen: unknown[] = [];
  const server = await http((request, response) => {
    seen.push(request.method, request.url, request.headers['accept-encoding'], request.headers.connection);
    json(good)(request, response);
  });
  expect(await outcome(`${server.url}/keys?a=b#fragment`)).toEqual(good);
  expect(seen).toEqual(['GET', '/keys?a=b', 'identity', 'close']);
});

describe('the body', () => {
  test('may have 64 KiB and not a byte more', async () => {
    const padded = (bytes: number) => `"${'x'.repeat(bytes - 2)}"`;
    for (const chunked of [true, false]) {
      const server = await http((request, response) => {
        const body = padded(Number(request.url?.slice(1)));
        if (!chunked) response.setHeader('content-length', body.length);
        response.write(body);
        response.end();
      });
      expect(await codeOf(`${server.url}/65536`)).toBe('ok');
      expect(await codeOf(`${server.url}/65537`)).toBe('too_large');
    }
  });

  test('of 50 MB is not read to its end', async () => {
    let written = 0;
    let closed: (value: unknown) => void;
    const gone = new Promise((resolve) => {
      closed = resolve;
    });
    const server = await http((_request, response) => {
      response.on('close', closed);
      const more = () => {
        while (written < 50_000_000 && !response.destroyed) {
          written += 65_536;
          if (!response.write(Buffer.alloc(65_536, '[')) && !response.destroyed) return response.once('drain', more);
        }
        return response.end();
      };
      more();
    });
    expect(await codeOf(server.url)).toBe('too_large');
    await gone;
    expect(written).toBeLessThan(25_000_000);
  });

  test('is not even begun when its length is announced as 50 MB', async () => {
    const server = await http((_request, response) => response.writeHead(200, { 'content-length': 5e7 }).write('{'));
    expect(await codeOf(server.url)).toBe('too_large');
  });

  test('that ends before its announced length is no document', async () => {
    const bytes = (announced: number) =>
      kept(serveTcp((socket) => socket.end(`HTTP/1.1 200 OK\r\ncontent-length: ${announced}\r\n\r\n{}`)));
    expect(await codeOf((await bytes(3)).url)).toBe('network');
    expect(await codeOf((await bytes(2)).url)).toBe('ok');
  });

  test.each<[string, RequestListener]>([
    ['HTML', (_request, response) => response.end(`<html>${CANARY}</html>`)],
    ['nothing', (_request, response) => response.end()],
    ['JSON cut short', (_request, response) => response.end(`{"keys":["${CANARY}"`)],
    ['JSON that is not UTF-8', (_request, response) => response.end(Buffer.from('{"keys":["é"]}', 'latin1'))],
  ])('that is %s is refused and not quoted', async (_, answer) => {
    expect(await codeOf((await http(answer)).url)).toBe('content');
    expect(await codeOf((await http(json(good))).url)).toBe('ok');
  });

  test('that gzip made is inflated to 64 KiB and not a byte more', async () => {
    const answer =
      (body: Buffer | string, encoding = 'gzip'): RequestListener =>
      (_request, response) =>
        response.setHeader('content-encoding', encoding).end(body);
    const padded = (bytes: number) => gzipSync(`"${'x'.repeat(bytes - 2)}"`);
    const codeFor = async (body: Buffer | string, encoding?: string) =>
      codeOf((await http(answer(body, encoding))).url);
    expect(await outcome((await http(answer(gzipSync(JSON.stringify(good))))).url)).toEqual(good);
    expect([await codeFor(padded(65_536)), await codeFor(padded(65_537))]).toEqual(['ok', 'too_large']);
    const bomb = gzipSync(Buffer.alloc(10_000_000, '['));
    expect(bomb.length).toBeLessThan(65_536);
    expect(await codeFor(bomb)).toBe('too_large');
    // Several members are one text: together they are bounded.
    expect(await codeFor(Buffer.concat([gzipSync('{"keys":'), gzipSync('[]}')]))).toBe('ok');
    expect(await codeFor(Buffer.concat([padded(40_000), padded(40_000)]))).toBe('too_large');
    expect(await codeFor(gzipSync('{}').subarray(0, -1))).toBe('content');
    expect(await codeFor(`{"keys":["${CANARY}"]}`)).toBe('content');
    expect(await codeFor(gzipSync(CANARY))).toBe('content');
  });

  test.each(['br', 'deflate', 'zstd', 'gzip, gzip', 'x-gzip', ''])('encoded as %j is refused', async (encoding) => {
    const answer =
      (name: string): RequestListener =>
      (_request, response) =>
        response.setHeader('content-encoding', name).end('{}');
    expect(await codeOf((await http(answer(encoding))).url)).toBe('content');
    expect(await codeOf((await http(answer('Identity'))).url)).toBe('ok');
  });
});

describe('the status', () => {
  test.each([201, 204, 400, 404, 500, 503])('%i is a failure', async (status) => {
    const answer =
      (code: number): RequestListener =>
      (_request, response) =>
        response.writeHead(code).end(code === 204 ? undefined : JSON.stringify(CANARY));
    expect(await codeOf((await http(answer(status))).url)).toBe('status');
    expect(await codeOf((await http(answer(200))).url)).toBe('ok');
  });

  test.each([301, 302, 303, 307, 308])('%i is not followed, wherever it leads', async (status) => {
    const sink = await http(json(good));
    for (const location of [sink.url, 'http://169.254.169.254/latest/meta-data/', '/elsewhere']) {
      const server = await http((_request, response) => response.writeHead(status, { location }).end('{}'));
      expect(await codeOf(server.url)).toBe('redirect');
      expect(server.requests).toEqual(['/']);
    }
    expect(sink.requests).toEqual([]);
    expect(await codeOf(sink.url)).toBe('ok');
    expect(sink.requests).toEqual(['/']);
  });
});

describe('the deadline covers', () => {
  const hurried = { timeoutMs: 150 };

  test('a name that does not resolve', async () => {
    const server = await http(json(good));
    const url = `http://issuer.example:${server.port}/`;
    expect(await codeOf(url, { ...hurried, resolve: () => new Promise(() => {}) })).toBe('timeout');
    expect(server.requests).toEqual([]);
    expect(await codeOf(url, { resolve: async () => ['127.0.0.1'] })).toBe('ok');
  });

  test('a TLS handshake that does not begin', async () => {
    const mute = await kept(serveTcp(() => {}));
    expect(await codeOf(`https://127.0.0.1:${mute.port}/`, hurried)).toBe('timeout');
  });

  test('headers that do not come', async () => {
    const mute = await http(() => {});
    expect(await codeOf(mute.url, hurried)).toBe('timeout');
    expect(mute.requests).toEqual(['/']);
  });

  test('a body that drips, and nothing is left open behind it', async () => {
    let sayGone = (): void => {};
    const gone = new Promise<void>((resolve) => {
      sayGone = resolve;
    });
    const dripping =
      (pause: number): RequestListener =>
      (_request, response) => {
        const bytes = [...'{"keys":[]}'];
        const timer = setInterval(() => {
          const byte = bytes.shift();
          if (byte === undefined) response.end();
          else response.write(byte);
        }, pause);
        response.on('close', () => {
          clearInterval(timer);
          sayGone();
        });
      };
    expect(await codeOf((await http(dripping(1000))).url, hurried)).toBe('timeout');
    await gone;
    expect(await codeOf((await http(dripping(1))).url)).toBe('ok');
  });

  test('what one request asks for instead of the default', async () => {
    const mute = await http(() => {});
    const fetchJson = createFetchJson({ timeoutMs: 60_000 });
    const request = { url: mute.url, network: 'loopback', anyPort: true, timeoutMs: 50 } as const;
    await expect(fetchJson(request)).rejects.toMatchObject({ code: 'timeout' });
  });
});

describe('the address', () => {
  test('that was checked is the one connected to: DNS is asked once', async () => {
    const answers = [['127.0.0.1'], ['169.254.169.254']];
    let asked = 0;
    const resolve = async () => answers[asked++] ?? [];
    const server = await http(json(good));
    expect(await codeOf(`http://rebinding.example:${server.port}/`, { resolve })).toBe('ok');
    expect(asked).toBe(1);
    expect(server.requests).toEqual(['/']);
    expect(await codeOf(`http://rebinding.example:${server.port}/`, { resolve })).toBe('address');
    expect(server.requests).toEqual(['/']);
  });

  test('of a public issuer may not be ours, by name or literal, and nothing is sent there', async () => {
    const ours = selfSigned({ notBefore: new Date(0), notAfter: new Date('2999-01-01'), ip: '127.0.0.1' });
    const server = await kept(serveHttps(ours, json(good)));
    const fetchJson = createFetchJson({ resolve: async () => ['8.8.8.8', '127.0.0.1'] });
    const ca = ours.cert;
    for (const host of ['127.0.0.1', '[::ffff:127.0.0.1]', '0x7f.1', 'mixed.example']) {
      const url = `https://${host}:${server.port}/`;
      await expect(fetchJson({ url, network: 'public', anyPort: true, ca })).rejects.toMatchObject({ code: 'address' });
    }
    expect(server.requests).toEqual([]);
    expect(await fetchJson({ url: server.url, network: 'loopback', anyPort: true, ca })).toEqual(good);
  });

  test('has port 443 unless any port is allowed', async () => {
    const server = await http(json(good));
    const fetchJson = createFetchJson();
    const request = { url: server.url, network: 'loopback' } as const;
    await expect(fetchJson(request)).rejects.toMatchObject({ code: 'address' });
    expect(await fetchJson({ ...request, anyPort: true })).toEqual(good);
  });
});

describe('TLS', () => {
  const day = 86_400_000;
  const from = (offset: number) => new Date(Date.now() + offset * day);
  const valid = { notBefore: from(-1), notAfter: from(1), ip: '127.0.0.1' };
  const causeOf = async (certificate: ReturnType<typeof selfSigned>, ca?: string) => {
    const server = await kept(serveHttps(certificate, json(good)));
    const result = await outcome(server.url, {}, ca);
    if (!(result instanceof FetchJsonError)) return 'ok';
    expect([result.code, server.requests]).toEqual(['network', []]);
    return (result.cause as NodeJS.ErrnoException).code;
  };

  test('with a certificate of nobody we trust is refused', async () => {
    const certificate = selfSigned(valid);
    expect(await causeOf(certificate)).toBe('DEPTH_ZERO_SELF_SIGNED_CERT');
    expect(await causeOf(certificate, certificate.cert)).toBe('ok');
  });

  test('of an authority that one request names is trusted by that request alone, and no other authority by it', async () => {
    const [ours, theirs] = [selfSigned(valid), selfSigned({ ...valid, name: 'another' })];
    expect(await causeOf(ours, ours.cert)).toBe('ok');
    expect(await causeOf(ours, theirs.cert)).toBe('DEPTH_ZERO_SELF_SIGNED_CERT');
    expect(await causeOf(ours, theirs.cert + ours.cert)).toBe('ok');
    const known = getCACertificates('default');
    setDefaultCACertificates([...known, ours.cert]);
    try {
      expect(await causeOf(ours)).toBe('ok');
      expect(await causeOf(ours, theirs.cert)).toBe('DEPTH_ZERO_SELF_SIGNED_CERT');
    } finally {
      setDefaultCACertificates([...known]);
    }
  });

  test('is verified even where NODE_TLS_REJECT_UNAUTHORIZED says no', async () => {
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      expect(await causeOf(selfSigned(valid))).toBe('DEPTH_ZERO_SELF_SIGNED_CERT');
    } finally {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    }
  });

  test('with an expired certificate is refused', async () => {
    const expired = selfSigned({ ...valid, notBefore: from(-2), notAfter: from(-1) });
    expect(await causeOf(expired, expired.cert)).toBe('CERT_HAS_EXPIRED');
  });

  test('with a certificate of another host is refused', async () => {
    const foreign = selfSigned({ ...valid, ip: '127.0.0.2' });
    expect(await causeOf(foreign, foreign.cert)).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
  });
});

test('what is not HTTP is refused, and its bytes are not kept in the cause', async () => {
  const server = await kept(serveTcp((socket) => socket.end(`HTTP/1.1 200 OK\r\n${CANARY}\r\n\r\n`)));
  const result = await outcome(server.url);
  expect(result).toMatchObject({ code: 'network', cause: { code: 'HPE_INVALID_HEADER_TOKEN' } });
  expect((result as FetchJsonError).cause).not.toHaveProperty('rawPacket');
});

test('a refused connection keeps its cause', async () => {
  const server = await serveHttp(json(good));
  expect(await codeOf(server.url)).toBe('ok');
  await server.close();
  expect(await outcome(server.url)).toMatchObject({ code: 'network', cause: { code: 'ECONNREFUSED' } });
});
