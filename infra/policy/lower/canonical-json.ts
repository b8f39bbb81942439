// Canonical JSON (sorted members, no space) and the hash of a compiled policy. Pure.
import { createHash } from 'node:crypto';

/** JSON text whose object members are sorted by UTF-16 code units; `undefined` members are left out. */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return textOf(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = value as Readonly<Record<string, unknown>>;
  let text = '';
  for (const key of Object.keys(members).sort()) {
    const member = members[key];
    if (member !== undefined) text += `${text === '' ? '' : ','}${textOf(key)}:${canonicalJson(member)}`;
  }
  return `{${text}}`;
}

/** What has nothing to escape is most of a policy, and JSON.stringify takes three times as long for it. */
function textOf(value: string): string {
  return /^[ !#-[\]-~]*$/.test(value) ? `"${value}"` : JSON.stringify(value);
}

/** SHA-256 of the canonical JSON, in lower-case hexadecimal. */
export function hashOf(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}
