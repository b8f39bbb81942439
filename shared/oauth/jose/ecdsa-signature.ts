// ECDSA signatures: the DER form of X9.62, which KMS answers and OpenSSL reads, and the fixed r‖s of JWS (RFC 7518 §3.4). Pure.

/**
 * Converts strictly: one SEQUENCE of two positive, minimally encoded INTEGERs and nothing after it.
 * @param size bytes of each of r and s: 32 for P-256, 48 for P-384
 * @throws RangeError when `der` is not such a signature, or r or s does not fit `size`
 */
export function derToJoseSignature(der: Uint8Array, size: number): Uint8Array {
  const sequence = readElement(der, 0, 0x30);
  if (sequence.end !== der.length) throw new RangeError('bytes after the signature');
  const r = readElement(der, sequence.start, 0x02);
  const s = readElement(der, r.end, 0x02);
  if (s.end !== der.length) throw new RangeError('more than two integers');
  const signature = new Uint8Array(2 * size);
  writeInteger(der.subarray(r.start, r.end), signature.subarray(0, size));
  writeInteger(der.subarray(s.start, s.end), signature.subarray(size));
  return signature;
}

interface Element {
  readonly start: number;
  readonly end: number;
}

function readElement(der: Uint8Array, offset: number, tag: number): Element {
  const length = der[offset + 1];
  // P-384 needs at most 104 bytes and P-521, which we do not sign with, would be the first to need a long length.
  if (der[offset] !== tag || length === undefined || length > 0x7f) throw new RangeError('not a DER signature');
  const start = offset + 2;
  if (start + length > der.length) throw new RangeError('DER element is cut short');
  return { start, end: start + length };
}

function writeInteger(bytes: Uint8Array, target: Uint8Array): void {
  const [first = 0x80, second = 0] = bytes;
  if (first > 0x7f) throw new RangeError('integer is empty or negative');
  const padded = first === 0;
  if (padded && bytes.length > 1 && second <= 0x7f) throw new RangeError('integer is not minimal');
  const magnitude = padded ? bytes.subarray(1) : bytes;
  if (magnitude.length === 0) throw new RangeError('integer is zero');
  if (magnitude.length > target.length) throw new RangeError('integer is too large for the curve');
  target.set(magnitude, target.length - magnitude.length);
}

/** Converts r‖s, of any even length up to that of P-521, to DER. What is no signature becomes DER of none. */
export function joseToDerSignature(signature: Uint8Array): Buffer {
  const size = signature.length / 2;
  const [r, s] = [integerOf(signature.subarray(0, size)), integerOf(signature.subarray(size))];
  const length = r.length + s.length;
  // Two integers of P-521 are longer than a length of one byte can say.
  const head = length > 0x7f ? [0x30, 0x81, length] : [0x30, length];
  return Buffer.concat([Buffer.from(head), r, s]);
}

/** An INTEGER: without leading zeros, but for the one that keeps it positive. */
function integerOf(bytes: Uint8Array): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const magnitude = first < 0 ? Buffer.of(0) : bytes.subarray(first);
  const padding = (magnitude[0] ?? 0) > 0x7f ? [0] : [];
  return Buffer.concat([Buffer.of(0x02, magnitude.length + padding.length, ...padding), magnitude]);
}
