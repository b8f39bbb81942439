// Spans to the collector beside the function, over HTTP on loopback. I/O: that one server. What fails there fails nobody's
// request.
import { Agent, request } from 'node:http';

/** Milliseconds that an answer waits for the collector: Lambda freezes what is still under way when the answer leaves. */
const defaultPatience = 40;
/** Before it has ever answered: a cold start loads what a request needs, and so does the collector. */
const firstPatience = 250;
/** Milliseconds for which a collector that failed is left alone. */
const leftAlone = 10_000;

export interface SendSpansOptions {
  /** `http://127.0.0.1:4318`. */
  readonly collector: string;
  /** Milliseconds since some epoch. */
  readonly clock: () => number;
  /** Default: 40 ms. */
  readonly patience?: number | undefined;
  readonly onFailure: (cause: unknown) => void;
}

export type SendSpans = (body: unknown) => Promise<void>;

/** Never rejects. */
export function createSendSpans(options: SendSpansOptions): SendSpans {
  const { collector, clock, onFailure, patience = defaultPatience } = options;
  const to = { url: new URL('/v1/traces', collector), agent: new Agent({ keepAlive: true, maxSockets: 1 }) };
  let failedAt: number | undefined;
  let hasAnswered = false;
  return async (body) => {
    if (failedAt !== undefined && clock() - failedAt < leftAlone) return;
    failedAt = undefined;
    const signal = AbortSignal.timeout(hasAnswered ? patience : Math.max(patience, firstPatience));
    try {
      await post({ ...to, signal, body: JSON.stringify(body) });
      hasAnswered = true;
    } catch (error) {
      failedAt = clock();
      onFailure(error);
    }
  };
}

interface Post {
  readonly url: URL;
  readonly agent: Agent;
  readonly signal: AbortSignal;
  readonly body: string;
}

function post({ url, agent, signal, body }: Post): Promise<void> {
  const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method: 'POST', headers, agent, signal }, (response) => {
      const { statusCode = 0 } = response;
      response.resume();
      if (statusCode >= 200 && statusCode < 300) resolve();
      else reject(new Error(`the collector answered ${statusCode}`));
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      // The collector closed the connection while the function was frozen.
      if (outgoing.reusedSocket && error.code === 'ECONNRESET') resolve(post({ url, agent, signal, body }));
      else reject(error);
    });
    outgoing.end(body);
  });
}
