// HTTP/1.1 of messages with a Content-Length, read by hand: what generates load and stands in for AWS must cost less than
// what is measured.

/**
 * Takes the bytes of a connection as they come.
 * @param {(head: string, body: Buffer) => void} onMessage called with each whole message
 * @returns {(bytes: Buffer) => void} throws for a message that does not say its length
 */
export function messageReader(onMessage) {
  let held = Buffer.alloc(0);
  return (bytes) => {
    held = held.length > 0 ? Buffer.concat([held, bytes]) : bytes;
    for (;;) {
      const end = held.indexOf('\r\n\r\n');
      if (end < 0) return;
      const head = held.latin1Slice(0, end);
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? Number.NaN);
      if (Number.isNaN(length)) throw new Error(`a message without a length: ${head}`);
      const next = end + 4 + length;
      if (held.length < next) return;
      const body = held.subarray(end + 4, next);
      held = held.subarray(next);
      onMessage(head, body);
    }
  };
}
