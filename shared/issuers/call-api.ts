// Calls of our own API from outside, as anybody makes them. Network: fetch, which only the probe can afford to load.
import type { JsonValue } from '../policy/json.ts';

interface Answer {
  readonly status: number;
  readonly json: JsonValue | undefined;
}

/** For everything from DNS to the last byte: longer than an endpoint of ours takes. */
const timeoutMs = 12_000;

/** Answers of any status. They throw what fetch throws where there is none in time; no redirect is followed. */
export const callApi = {
  get: (url: string): Promise<Answer> => answered(url, {}),
  post: (url: string, form: Readonly<Record<string, string>>): Promise<Answer> =>
    answered(url, { method: 'POST', body: new URLSearchParams(form) }),
};

async function answered(url: string, init: RequestInit): Promise<Answer> {
  const headers = { accept: 'application/json', 'user-agent': 'cambio-probe' };
  const response = await fetch(url, {
    ...{ ...init, headers, redirect: 'error', signal: AbortSignal.timeout(timeoutMs) },
  });
  return { status: response.status, json: jsonIn(await response.text()) };
}

function jsonIn(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}
