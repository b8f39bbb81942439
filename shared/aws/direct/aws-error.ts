// What a service of AWS says is wrong. Pure.
import type { Answer } from './answer.ts';

/** Its name is the service's code, as in the SDK's errors: `ConditionalCheckFailedException`. */
export class AwsError extends Error {
  override readonly name: string;
  readonly status: number;
  /** When the service wrote it, in milliseconds since the epoch; NaN where it does not say. */
  readonly date: number;

  constructor(name: string, message: string, { status, date }: Pick<Answer, 'status' | 'date'>) {
    super(message);
    this.name = name;
    this.status = status;
    this.date = Date.parse(date ?? '');
  }
}

/** The error in an answer of the JSON protocol; where the answer is not the service's own, its name is the status. */
export function awsErrorOf(answer: Answer): AwsError {
  const { status } = answer;
  const { __type: type, code = type, message, Message = message } = membersOf(answer.body.toString('utf8'));
  // `com.amazonaws.dynamodb.v20120810#ThrottlingException`, and from front ends `ThrottlingException:http://…`.
  const name = /^(?:[^#]*#)?([A-Za-z]\w{0,99})(?:$|:)/.exec(String(type ?? code ?? ''))?.[1];
  return new AwsError(name ?? `Status${status}`, String(Message ?? `status ${status}`).slice(0, 300), answer);
}

function membersOf(body: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(body)) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}
