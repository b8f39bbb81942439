// The fenced code blocks of a document, which tests run as they stand.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Code blocks of one language below a heading, in order. @throws Error when there is none */
function snippetsOf(document: string, heading: string, language: string): readonly string[] {
  const text = readFileSync(join(import.meta.dirname, '../../docs', document), 'utf8');
  const [, section = ''] = text.split(new RegExp(`^#+ ${heading.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`, 'm'));
  const [until = ''] = section.split(/^#+ /m);
  const found = [...until.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    ([, code = '']) => code,
  );
  if (found.length === 0) throw new Error(`${document} has no ${language} below ${heading}`);
  return found;
}

export interface Snippet {
  /** The nearest one above. */
  readonly heading: string;
  /** Of the second level, the same where the nearest is of it. */
  readonly section: string;
  readonly code: string;
}

/** Every code block of one language, in order, so that none is forgotten. */
export function allSnippets(document: string, language: string): readonly Snippet[] {
  const text = readFileSync(join(import.meta.dirname, '../../docs', document), 'utf8');
  const found: Snippet[] = [];
  let [section, heading] = ['', ''];
  for (const [, level = '', title = '', code] of text.matchAll(
    new RegExp(`^(?:(#+) (.*)|\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`)$`, 'gm'),
  )) {
    if (code !== undefined) found.push({ section, heading, code });
    else [section, heading] = [level.length <= 2 ? title : section, title];
  }
  return found;
}

export function snippetOf(document: string, heading: string, language: string): string {
  return snippetsOf(document, heading, language)[0] ?? '';
}
