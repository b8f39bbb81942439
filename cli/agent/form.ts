// The form of a request to the agent. Reads its body.
import type { IncomingMessage } from 'node:http';
import { readBody } from './local-listener.ts';
import { refuse } from './problem.ts';

const maxBytes = 65_536;

export type Form = Readonly<Record<string, string>>;

/** @throws CallerRefused */
export async function readForm(request: IncomingMessage): Promise<Form> {
  return parseForm(await readFormText(request));
}

/** @throws CallerRefused */
export async function readFormText(request: IncomingMessage): Promise<string> {
  if (!/^application\/x-www-form-urlencoded(?:$|\s*;)/i.test(request.headers['content-type'] ?? '')) {
    return refuse('invalid_request', 'the content type must be application/x-www-form-urlencoded');
  }
  const body = await readBody(request, maxBytes);
  return body ?? refuse('invalid_request', 'the body is too large', 413);
}

/** RFC 6749 §3.2: no parameter twice; one without a value is as if it were not there. @throws CallerRefused */
export function parseForm(text: string): Form {
  const form = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) {
    if (value === '') continue;
    if (form.has(name)) return refuse('invalid_request', 'a parameter is repeated');
    form.set(name, value);
  }
  return Object.fromEntries(form);
}
