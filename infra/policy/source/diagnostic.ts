// What the policy compiler says about a policy file, and how it is printed. Pure.

/** A finding at a place of a policy file; line and column count from 1, columns in UTF-16 units. */
export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly hint?: string;
}

/** `path:line:column: message`, and the hint on an indented line of its own. */
export function formatDiagnostic({ severity, file, line, column, message, hint }: Diagnostic): string {
  const text = `${file}:${line}:${column}: ${severity === 'warning' ? 'warning: ' : ''}${message}`;
  return hint === undefined ? text : `${text}\n  hint: ${hint}`;
}

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some(({ severity }) => severity === 'error');
}

/** A value of the policy as a message shows it: quoted, control characters escaped, cut at 80 characters. */
export function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}

/** A finding about a whole file or folder rather than a place in it. */
export function fileError(file: string, message: string, hint?: string): Diagnostic {
  const finding = { severity: 'error', file, line: 1, column: 1, message } as const;
  return hint === undefined ? finding : { ...finding, hint };
}
