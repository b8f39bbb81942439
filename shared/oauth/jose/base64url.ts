// base64url without padding (RFC 4648 §5, RFC 7515 §2) and base64 (§4), canonical spellings only. Pure.

const alphabet = /^[A-Za-z0-9_-]*$/;

/** Encodes bytes, or the UTF-8 bytes of a string. */
export function encodeBase64url(content: Uint8Array | string): string {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : Buffer.from(content);
  return bytes.toString('base64url');
}

/**
 * Decodes one canonical spelling; padding, white space, `+` `/` and unused bits that are set give undefined. Two
 * spellings of one signature must not be two tokens.
 */
export function decodeBase64url(text: string): Buffer | undefined {
  if (!alphabet.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}

/** Decodes one canonical spelling of padded base64, as Basic authentication has it. */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}
