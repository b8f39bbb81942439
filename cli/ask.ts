// A question on the terminal, for whoever sits at it. Reads stdin, writes stderr: what is printed is data.
import type { Machine } from './machine.ts';

/** Undefined where nobody sits there. */
export function asker(): Machine['ask'] {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
  return (question) => {
    const { createInterface } = process.getBuiltinModule('node:readline');
    const reader = createInterface({ input: process.stdin, output: process.stderr });
    return new Promise((resolve) => {
      let answer: string | undefined;
      reader.question(question, (text) => {
        answer = text;
        reader.close();
      });
      // At the end of input, too.
      reader.on('close', () => resolve(answer));
    });
  };
}
