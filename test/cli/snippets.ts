// The fenced code blocks of a document, which tests run as they stand.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Code blocks of one language below a heading, in order. @throws Error when there is none */
export function snippetsOf(document: string, heading: string, language: string): readonly string[] {
  const text = readFileSync(join(import.meta.dirname, '../../docs', document), 'utf8');
  const [, section = ''] = text.split(new RegExp(`^#+ ${heading.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`, 'm'));
  const [until = ''] = section.split(/^#+ /m);
  const found = [...until.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    ([, code = '']) => code,
  );
  if (found.length === 0) throw new Error(`${document} has no ${language} below ${heading}`);
  return found;
}

export function snippetOf(document: string, heading: string, language: string): string {
  return snippetsOf(document, heading, language)[0] ?? '';
}
