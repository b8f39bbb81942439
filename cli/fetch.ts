// A request that succeeds or says why not, tried again while that may help. Network, through the machine.
import { CallFailed, failureOf, jsonOf, nonceOf } from './call-failed.ts';
import { type HttpAnswer, type HttpRequest, NoAnswer } from './http-client.ts';
import type { Machine } from './machine.ts';

export interface Answered {
  readonly status: number;
  readonly headers: HttpAnswer['headers'];
  readonly json: Readonly<Record<string, unknown>>;
  readonly text: string;
  /** For the next proof of possession. */
  readonly nonce: string | undefined;
}

export interface RetryLimits {
  /** How often at most; 1 never tries again. Default 4. */
  readonly attempts?: number | undefined;
  /** Milliseconds for all attempts. Default 15,000. */
  readonly budgetMs?: number | undefined;
  /** Milliseconds since the epoch after which trying is pointless: the token in the request has expired. */
  readonly until?: number | undefined;
}

const firstPause = 400;
const longestPause = 4_000;

/** One request, tried again as {@link withRetries} does. @throws CallFailed */
export function fetchWithRetries(request: HttpRequest, machine: Machine, limits: RetryLimits = {}): Promise<Answered> {
  return withRetries(() => fetchOnce(request, machine), machine, limits);
}

/** @throws CallFailed for every status but 2xx, and for no answer */
export async function fetchOnce(request: HttpRequest, machine: Machine): Promise<Answered> {
  const answer = await machine.send(request).catch((cause) => {
    if (cause instanceof NoAnswer)
      throw new CallFailed({ status: 0, description: cause.message, isFinal: cause.isFinal });
    throw cause;
  });
  if (answer.status < 200 || answer.status > 299) throw new CallFailed(failureOf(answer, machine.clock()));
  const { status, headers, body: text } = answer;
  return { status, headers, json: jsonOf(answer), text, nonce: nonceOf(answer) };
}

/**
 * Runs until it succeeds, is refused, or there is no time left. A refusal is never tried again; pauses are random, so
 * that the jobs of a matrix do not come back together, and at least what Retry-After says.
 */
export async function withRetries<Result>(
  run: () => Promise<Result>,
  machine: Pick<Machine, 'clock' | 'random' | 'sleep'>,
  { attempts = 4, budgetMs = 15_000, until = Number.POSITIVE_INFINITY }: RetryLimits = {},
): Promise<Result> {
  const end = Math.min(machine.clock() + budgetMs, until);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof CallFailed) || !error.isRetryable || attempt >= attempts) throw error;
      const pause = pauseAfter(attempt, machine.random(), error.facts.retryAfter);
      if (machine.clock() + pause >= end) throw error;
      await machine.sleep(pause);
    }
  }
}

/** Milliseconds before the next attempt. */
export function pauseAfter(attempt: number, random: number, retryAfter = 0): number {
  const most = Math.min(longestPause, firstPause * 2 ** (attempt - 1));
  return Math.max(retryAfter + (random * most) / 4, (most / 4) * (1 + 3 * random));
}
