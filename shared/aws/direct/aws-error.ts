// What a service of AWS says is wrong. Pure.
import type { Answer } from './answer.ts';

/** Code and words of a service. */
export interface Fault {
  readonly name: string;
  readonly message: string;
}

/** Its name is the service's code, as in the SDK's errors: `ConditionalCheckFailedException`. */
export class AwsError extends Error {
  override readonly name: string;
  readonly status: number;
  /** When the service wrote it, in milliseconds since the epoch; NaN where it does not say. */
  readonly date: number;

  constructor({ name, message }: Fault, { status, date }: Pick<Answer, 'status' | 'date'>) {
    super(message);
    this.name = name;
    this.status = status;
    this.date = Date.parse(date ?? '');
  }
}

/** What an answer of the JSON protocol says is wrong; where the answer is not the service's own, its name is the status. */
export function faultIn({ status, body }: Answer): Fault {
  const { __type: type, code = type, message, Message = message } = membersOf(body.toString('utf8'));
  // `com.amazonaws.dynamodb.v20120810#ThrottlingException`, and from front ends `ThrottlingException:http://…`.
  const name = /^(?:[^#]*#)?([A-Za-z]\w{0,99})(?:$|:)/.exec(String(type ?? code ?? ''))?.[1];
  return { name: name ?? `Status${status}`, message: String(Message ?? `status ${status}`).slice(0, 300) };
}

function membersOf(body: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(body)) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}
