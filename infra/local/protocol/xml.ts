// XML as the emulated services write it. Pure.

/** An element's content: text, elements by name, or nothing; a list is an element of that name for each of its members. */
export type Xml = string | number | boolean | { readonly [name: string]: Xml | readonly Xml[] | undefined };

/** The content of a document as text. */
export function xml(content: Xml): string {
  if (typeof content !== 'object') return escaped(String(content));
  return Object.entries(content)
    .flatMap(([name, value]) => (value === undefined ? [] : [value].flat().map((one: Xml) => element(name, one))))
    .join('');
}

function element(name: string, content: Xml): string {
  return `<${name}>${xml(content)}</${name}>`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Control characters that XML 1.0 cannot carry become U+FFFD. */
function escaped(text: string): string {
  const carried = Array.from(text, (character) => (isXmlCharacter(character) ? character : '\uFFFD')).join('');
  return carried.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

function isXmlCharacter(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return code === 9 || code === 10 || code === 13;
  return code !== 0xfffe && code !== 0xffff && (code < 0xd800 || code > 0xdfff);
}
