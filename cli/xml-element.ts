// The text of one element in AWS's XML: these answers are flat enough to be read so. Pure.

/** Of the first of this name. */
export function elementOf(xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1]?.trim();
  return text?.replace(/&(lt|gt|quot|apos|amp|#39);/g, (_all, entity: string) => entities[entity] ?? '');
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", '#39': "'", amp: '&' };
