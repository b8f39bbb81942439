// Answers split, merged, cut short, changed: node:http's parser says what they are. Ours may refuse more, and never reads
// something else.
import { request as httpRequest } from 'node:http';
import { Duplex } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createReadAnswer } from '../../../../shared/aws/direct/answer.ts';

interface Read {
  readonly status: number;
  readonly date: string | undefined;
  readonly body: string;
}

const maxBytes = 4_096;

/** What we make of the bytes: an answer, nothing yet, or a refusal. */
function byUs(chunks: readonly Buffer[]): Read | 'refused' | 'incomplete' {
  const read = createReadAnswer(maxBytes);
  try {
    const answers = chunks.map((chunk) => read(chunk));
    const answer = answers.find((one) => one !== undefined);
    return answer ? { status: answer.status, date: answer.date, body: answer.body.toString('latin1') } : 'incomplete';
  } catch {
    return 'refused';
  }
}

/** What node:http makes of them, on a connection that ends after them. */
async function byNode(chunks: readonly Buffer[]): Promise<Read | undefined> {
  const connection = new Duplex({
    read: () => {},
    write: (_chunk, _encoding, done) => done(),
  });
  return new Promise((resolve) => {
    const sent = httpRequest({ method: 'POST', createConnection: () => connection as never });
    sent.on('error', () => resolve(undefined));
    sent.on('response', (response) => {
      const { statusCode: status = 0, headers } = response;
      buffer(response).then(
        (body) => resolve({ status, date: headers.date, body: body.toString('latin1') }),
        () => resolve(undefined),
      );
    });
    sent.end();
    // Once it is the request's.
    setImmediate(() => {
      for (const chunk of chunks) connection.push(chunk);
      connection.push(null);
    });
  });
}

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const line = fc.string({ unit: fc.constantFrom(...'ab:;, \t=/"é~'), maxLength: 20 });
const name = fc.stringMatching(/^x-[A-Za-z0-9!#$%&'*+.^_`|~-]{0,20}$/);
const status = fc.constantFrom('200 OK', '400 Bad Request', '413 ', '500 Internal Server Error', '503 é');
const content = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array).toString('latin1'));
const casing = fc.constantFrom(
  (text: string) => text,
  (text: string) => text.toLowerCase(),
  (text: string) => text.toUpperCase(),
);

/** As the services write them: with a length, among headers of any kind and in any order. */
const written = fc
  .record({ status, content, others: fc.array(fc.tuple(name, line), { maxLength: 6 }), casing, at: fc.nat(6) })
  .map(({ status, content, others, casing, at }) => {
    const headers = [...others];
    headers.splice(at, 0, [casing('Content-Length'), ` ${content.length}`], [casing('Date'), ' Sun, 06 Nov 2044']);
    return `HTTP/1.1 ${status}\r\n${headers.map(([key, value]) => `${key}:${value}\r\n`).join('')}\r\n${content}`;
  });

/** Cut at any places. */
function split(text: string, places: readonly number[]): readonly Buffer[] {
  const ends = [...places.map((place) => place % (text.length + 1)), text.length].sort((a, b) => a - b);
  return ends.map((end, index) => bytes(text.slice(index === 0 ? 0 : ends[index - 1], end)));
}
const places = fc.array(fc.nat(2_000), { maxLength: 12 });

/** Whatever may go wrong on the way, or be meant ill. */
const change = fc.oneof(
  fc
    .tuple(fc.nat(2_000), fc.constantFrom('\r', '\n', '\r\n', ' ', '\t', ':', '\0', '0', '1', 'é', '\r\n ', ';', ','))
    .map(
      ([at, inserted]) =>
        (text: string) =>
          text.slice(0, at % text.length) + inserted + text.slice(at % text.length),
    ),
  fc.tuple(fc.nat(2_000), fc.integer({ min: 1, max: 4 })).map(
    ([at, length]) =>
      (text: string) =>
        text.slice(0, at % text.length) + text.slice((at % text.length) + length),
  ),
  fc
    .constantFrom(
      'Transfer-Encoding: chunked',
      'transfer-encoding: identity',
      'Content-Length: 3',
      'Content-Length: +3',
      'Content-Length: 0x3',
      'Content-Length: 3, 3',
      'Content-Length:',
      ' folded: yes',
      'no colon',
      'bad name: x',
      'Content-Length : 3',
      'Connection: close',
      'Connection: upgrade\r\nUpgrade: h2c',
      'Trailer: x',
      'Content-Encoding: gzip',
    )
    .map((header) => (text: string) => text.replace('\r\n', `\r\n${header}\r\n`)),
  fc
    .constantFrom(
      'HTTP/1.0 200 OK',
      'HTTP/2 200',
      'HTTP/1.1 200',
      'HTTP/1.1 100 Continue',
      'HTTP/1.1 204 None',
      'ICY 200 OK',
    )
    .map((first) => (text: string) => text.replace(/^[^\r]*/, first)),
  fc.constant((text: string) => text.replace(/content-length[^\r]*\r\n/i, '')),
  fc.constant((text: string) => `\r\n${text}`),
  fc.constant((text: string) => text + text),
  fc.constant((text: string) => text.slice(0, -1)),
);

describe('an answer with a length', () => {
  test('is read as node:http reads it, wherever it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(written, places, async (text, cuts) => {
        const chunks = split(text, cuts);
        const read = byUs(chunks);
        expect(read).toEqual(await byNode(chunks));
        expect(read).toHaveProperty('date', 'Sun, 06 Nov 2044');
      }),
    );
  });

  test('changed in any way it is refused or incomplete, or still what node:http reads', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        written,
        fc.array(change, { minLength: 1, maxLength: 3 }),
        places,
        async (text, changes, cuts) => {
          const chunks = split(
            changes.reduce((changed, one) => one(changed), text),
            cuts,
          );
          const read = byUs(chunks);
          seen.add(typeof read === 'string' ? read : 'read');
          if (typeof read !== 'string') expect(read).toEqual(await byNode(chunks));
        },
      ),
      { numRuns: 1_000 },
    );
    expect([...seen].sort()).toEqual(['incomplete', 'read', 'refused']);
  });
});

describe('refused is', () => {
  const answer = (headers: string, body = 'abc') => bytes(`HTTP/1.1 200 OK\r\n${headers}\r\n\r\n${body}`);
  const whole = answer('Content-Length: 3');

  test.each<[string, Buffer]>([
    ['a chunked body', answer('Transfer-Encoding: chunked', '3\r\nabc\r\n0\r\n\r\n')],
    ['a chunked body that has a length too', answer('Content-Length: 3\r\nTransfer-Encoding: chunked')],
    ['a body until the end of the connection', answer('Date: x')],
    ['a compressed body', answer('Content-Length: 3\r\nContent-Encoding: gzip')],
    ['a second length, though it be the same', answer('Content-Length: 3\r\ncontent-length: 3')],
    ['another protocol', bytes('HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc')],
    ['an interim answer', bytes('HTTP/1.1 100 Continue\r\n\r\n')],
    ['an answer that has no body whatever its length', bytes('HTTP/1.1 204 No\r\nContent-Length: 3\r\n\r\nabc')],
    ['an upgrade', answer('Content-Length: 3\r\nConnection: upgrade\r\nUpgrade: h2c')],
    ['a folded header', answer('Content-Length: 3\r\nX: a\r\n b')],
    ['bare line feeds', bytes('HTTP/1.1 200 OK\nContent-Length: 3\n\nabc\r\n\r\n')],
    ['a byte after the body', Buffer.concat([whole, bytes('x')])],
    ['a second answer behind the first', Buffer.concat([whole, whole])],
    ['a body over the limit', answer(`Content-Length: ${maxBytes + 1}`)],
    ['a length that is no number of bytes', answer('Content-Length: 1e1')],
    ['a head that does not end', bytes(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(17_000)}`)],
  ])('%s', (_what, sent) => {
    expect(byUs([sent])).toBe('refused');
    expect(byUs([whole])).toEqual({ status: 200, date: undefined, body: 'abc' });
    expect(byUs([answer(`Content-Length: ${maxBytes}`, 'x'.repeat(maxBytes))])).toHaveProperty('status', 200);
  });

  test('nothing that is cut short: it is waited for', () => {
    for (let length = 0; length < whole.length; length += 1)
      expect(byUs([whole.subarray(0, length)])).toBe('incomplete');
  });

  test('nothing for being the last of its connection', () => {
    const isLast = (headers: string) => createReadAnswer(maxBytes)(answer(`Content-Length: 3\r\n${headers}`))?.isLast;
    const last = ['Connection: close', 'connection: Keep-Alive, Close', 'Connection: x\r\nConnection: close'];
    expect(last.map(isLast)).toEqual([true, true, true]);
    expect(['Connection: keep-alive', 'Connection: closed', 'X-Connection: close'].map(isLast)).toEqual([
      false,
      false,
      false,
    ]);
  });
});
