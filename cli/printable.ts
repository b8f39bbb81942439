// Other people's text on its way to a terminal or a log. Pure.

/** Without control characters, and without what looks like a JWT: a server that echoes must not make us print one. */
export function printable(text: string, maxLength = 300): string {
  const safe = text.replace(/[\p{Cc}\p{Cf}]/gu, '?').replace(/eyJ[\w-]+\.[\w-]*(?:\.[\w-]*)?/g, '<token>');
  return safe.length <= maxLength ? safe : `${safe.slice(0, maxLength - 1)}…`;
}
