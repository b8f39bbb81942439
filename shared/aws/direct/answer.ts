// One HTTP/1.1 answer out of the bytes of a connection (RFC 9112), as the JSON services of AWS write it: a status line,
// headers, and a body of the length that Content-Length says. Whatever else HTTP allows is refused: chunks, a body until the
// end of the connection, interim answers, folded headers, bytes after the body. Pure.

export interface Answer {
  readonly status: number;
  /** When the service wrote it, as it says. */
  readonly date: string | undefined;
  readonly body: Buffer;
  /** The connection serves no further request. */
  readonly isLast: boolean;
}

/**
 * Takes the next bytes; the answer when it is whole.
 * @throws Error when it is none, is of no kind that is understood, or is too large
 */
export type ReadAnswer = (bytes: Buffer) => Answer | undefined;

interface Head extends Omit<Answer, 'body'> {
  readonly length: number;
}

const maxHeadBytes = 16 * 1024;
const endOfHead = '\r\n\r\n';
const statusLine = /^HTTP\/1\.1 ([2-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const headerLine = /^([\w!#$%&'*+.^`|~-]+):([\t\x20-\x7e\x80-\xff]*)$/;

/** Reads one answer, with a body of at most `maxBytes`. */
export function createReadAnswer(maxBytes: number): ReadAnswer {
  let head: Head | undefined;
  let parts: Buffer[] = [];
  let size = 0;
  return (bytes) => {
    parts.push(bytes);
    size += bytes.length;
    if (!head) {
      const [start, length] = [joined(parts), size];
      const end = start.indexOf(endOfHead);
      if ((end < 0 ? length : end) > maxHeadBytes) throw new Error('the head of the answer is too large');
      if (end < 0) {
        parts = [start];
        return undefined;
      }
      head = headIn(start.toString('latin1', 0, end));
      if (head.length > maxBytes) throw new Error(`the answer is over ${maxBytes} bytes`);
      parts = [start.subarray(end + endOfHead.length)];
      size = length - end - endOfHead.length;
    }
    if (size > head.length) throw new Error('there are bytes after the answer');
    if (size < head.length) return undefined;
    const { status, date, isLast } = head;
    return { status, date, isLast, body: joined(parts) };
  };
}

function joined(parts: readonly Buffer[]): Buffer {
  const [first = Buffer.alloc(0), ...others] = parts;
  return others.length === 0 ? first : Buffer.concat(parts);
}

function headIn(text: string): Head {
  const [first = '', ...lines] = text.split('\r\n');
  const status = Number(statusLine.exec(first)?.[1] ?? refuse('status line'));
  // 204 and 304 have no body, whatever their headers say.
  if (status === 204 || status === 304) refuse('status');
  let length: number | undefined;
  let date: string | undefined;
  let isLast = false;
  for (const line of lines) {
    const [, name = '', value = ''] = headerLine.exec(line) ?? refuse('header line');
    switch (name.toLowerCase()) {
      case 'content-length':
        if (length !== undefined || !/^[\t ]*\d{1,9}[\t ]*$/.test(value)) refuse('length');
        length = Number(value);
        break;
      case 'connection':
        isLast ||= /(?:^|,)[\t ]*close[\t ]*(?:,|$)/i.test(value);
        break;
      case 'date':
        date = value.trim();
        break;
      case 'transfer-encoding':
      case 'content-encoding':
      case 'upgrade':
        refuse(name.toLowerCase());
    }
  }
  return { status, date, isLast, length: length ?? refuse('missing length') };
}

/** @param what in our own words: nothing of an answer is in an error */
function refuse(what: string): never {
  throw new Error(`the answer has a ${what} that is not understood`);
}
