// Names of role sessions and source identities: readable, and never the same for two texts. Pure.
import { createHash } from 'node:crypto';

const legal = /^[A-Za-z0-9_+=,.@-]{2,64}$/;
const marked = /=[A-Za-z0-9_-]{16}$/;
const readableLength = 47;

/**
 * The text itself where STS takes it; else what is left of it, `=`, and 96 bits of its SHA-256 as base64url. A text that
 * already ends like that is hashed too: else somebody could be named as another's hash says.
 * @returns 2 to 64 characters of `A–Z a–z 0–9 _ + = , . @ -`
 */
export function sessionName(text: string): string {
  if (legal.test(text) && !marked.test(text)) return text;
  const readable = text.replace(/[^A-Za-z0-9_+=,.@-]+/g, '-').slice(0, readableLength);
  return `${readable}=${createHash('sha256').update(text).digest('base64url').slice(0, 16)}`;
}
