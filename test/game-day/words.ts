// The words of a command as a page shows it. Pure.

/** Of a line of sh without expansions: quotes only. */
export function wordsOf(line: string): readonly string[] {
  const words = line.match(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g) ?? [];
  return words.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'));
}

/** A word whose names in capitals have become their values; those without one stay. */
export function named(word: string, values: Readonly<Record<string, string>>): string {
  return word.replace(/(?<![\w-])[A-Z][A-Z_]*(?![\w-])/g, (name) => values[name] ?? name);
}
