// Statements about many roles: IAM takes documents of a few thousand characters, and CDK spreads statements over several, but
// splits none. Pure.
import { Token } from 'aws-cdk-lib';

/** Characters of the ARNs of one statement; CDK merges statements up to 2,000. */
const limit = 1_500;

/** What an ARN known only at deploy is counted as. */
const unknown = 150;

/** The ARNs in as many lists as keep a statement about each of them short. */
export function inChunks(arns: readonly string[]): readonly (readonly string[])[] {
  const chunks: string[][] = [];
  let room = 0;
  for (const arn of arns) {
    const length = Token.isUnresolved(arn) ? unknown : arn.length;
    if (length > room) {
      chunks.push([]);
      room = limit;
    }
    chunks.at(-1)?.push(arn);
    room -= length;
  }
  return chunks;
}
