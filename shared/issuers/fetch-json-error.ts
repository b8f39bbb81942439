// The one error of fetchJson, and how the errors of Node's network stack become it. Pure.

export type FetchJsonCode = 'timeout' | 'too_large' | 'redirect' | 'status' | 'content' | 'address' | 'network';

/** Why no JSON was had. Neither the message nor the cause holds any of the answer's body. */
export class FetchJsonError extends Error {
  override readonly name = 'FetchJsonError';
  readonly code: FetchJsonCode;

  constructor(code: FetchJsonCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** Everything that is not ours already is trouble on the way: DNS, TCP, TLS or HTTP framing. */
export function asFetchJsonError(error: unknown): FetchJsonError {
  if (error instanceof FetchJsonError) return error;
  return new FetchJsonError('network', 'the request failed', withoutPacket(error));
}

/** Node's HTTP parser attaches the bytes it choked on, which may be body; a logger that walks causes would print them. */
function withoutPacket(error: unknown): unknown {
  if (error instanceof Error && 'rawPacket' in error) delete error.rawPacket;
  return error;
}
