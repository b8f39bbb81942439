// The text of one element in an answer of STS or IAM: their XML is flat enough to be read so. Pure.

/** Of the first of this name; undefined where there is none. */
export function elementIn(xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  return text?.trim().replaceAll(/&(?:(lt|gt|amp|quot|apos)|#(\d{1,7})|#x([\da-f]{1,6}));/gi, unescaped);
}

const named: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function unescaped(reference: string, name: string | undefined, decimal: string | undefined, hex: string | undefined) {
  if (name !== undefined) return named[name] ?? reference;
  const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
  return code <= 0x10ffff ? String.fromCodePoint(code) : reference;
}
