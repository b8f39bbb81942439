// What `cambio` says about itself, and how it ends. Pure.

export const exitCodes = { ok: 0, refused: 1, usage: 2 } as const;

export const usage = `usage: cambio <command> [options]

commands:
  policy check [PATH]   check a policy file or folder (default: infra/policy)

options:
  -h, --help            show this text

exit codes: 0 success, 1 refused, 2 wrong usage
`;

/** Where a command writes: data to stdout, words to stderr. Each text ends with its own newline. */
export interface Output {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
}
