// The folders of examples/, and what their pages call and print.
import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..');

export interface Example {
  readonly name: string;
  readonly folder: string;
  readonly page: string;
  /** The calls of the page, in order, for one shell. */
  readonly script: string;
  /** What they print, as the page has it. */
  readonly printed: string;
}

export const examples: readonly Example[] = globSync('examples/*/README.md', { cwd: root })
  .sort()
  .map((file) => {
    const page = readFileSync(join(root, file), 'utf8');
    const blocks = [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => ({
      language,
      text,
    }));
    const textOf = (...languages: readonly string[]): string =>
      blocks
        .filter(({ language }) => languages.includes(language))
        .map(({ text }) => text)
        .join('');
    const folder = join(root, dirname(file));
    return { name: basename(folder), folder, page, script: textOf('sh'), printed: textOf('json', 'text') };
  });
