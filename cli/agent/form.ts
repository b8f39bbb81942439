// The form of a request to the agent. Reads its body.
import type { IncomingMessage } from 'node:http';
import { readBody } from './local-listener.ts';
import { refuse } from './problem.ts';

const maxBytes = 65_536;

/** RFC 6749 §3.2: no parameter twice; one without a value is as if it were not there. @throws CallerRefused */
export async function readForm(request: IncomingMessage): Promise<Readonly<Record<string, string>>> {
  if (!/^application\/x-www-form-urlencoded(?:$|\s*;)/i.test(request.headers['content-type'] ?? '')) {
    return refuse('invalid_request', 'the content type must be application/x-www-form-urlencoded');
  }
  const body = await readBody(request, maxBytes);
  if (body === undefined) return refuse('invalid_request', 'the body is too large', 413);
  const form = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(body)) {
    if (value === '') continue;
    if (form.has(name)) return refuse('invalid_request', 'a parameter is repeated');
    form.set(name, value);
  }
  return Object.fromEntries(form);
}
