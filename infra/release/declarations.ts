// The declarations of a module and of all it names: what the compiler of whoever imports it reads. Reads the sources.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { root } from './release-part.ts';

const compilerOptions: ts.CompilerOptions = {
  strict: true,
  declaration: true,
  // Each file by itself: what is exported says its type.
  isolatedDeclarations: true,
  verbatimModuleSyntax: true,
  module: ts.ModuleKind.NodeNext,
  target: ts.ScriptTarget.ES2023,
};

/** From or import of a file, as declarations have them. */
const relative = /(from |import\()(['"])(\.[^'"]+)\.ts\2/g;

/**
 * Text by its path below the package.
 * @param entry path below the checkout
 * @throws Error where a declaration cannot be made of its file alone
 */
export function declarationsOf(entry: string): Record<string, string> {
  const paths = new Set([entry]);
  const files: Record<string, string> = {};
  // The set grows while it is walked.
  for (const path of paths) {
    const text = declarationOf(path);
    for (const [, , , named = ''] of text.matchAll(relative)) paths.add(`${join(dirname(path), named)}.ts`);
    files[join('types', path.replace(/\.ts$/, '.d.ts'))] = text
      .replaceAll(relative, '$1$2$3.js$2')
      // As what `cdk init` makes imports it: the whole library's declarations take a compiler twice as long to read.
      .replaceAll("'aws-cdk-lib'", "'aws-cdk-lib/core'");
  }
  return files;
}

function declarationOf(path: string): string {
  const source = readFileSync(join(root, path), 'utf8');
  const { outputText, diagnostics = [] } = ts.transpileDeclaration(source, {
    fileName: path,
    reportDiagnostics: true,
    compilerOptions,
  });
  const [first] = diagnostics;
  if (first) throw new Error(`${path}: ${ts.flattenDiagnosticMessageText(first.messageText, ' ')}`);
  return outputText;
}
