// How the functions call AWS: short waits and one retry, because the caller's whole answer has three seconds and a
// dependency should fail by its own name before that.

/** For every SDK client: one retry with jitter (SDK standard mode), 400 ms to connect, 700 ms to answer. */
export const clientOptions = {
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 400, requestTimeout: 700, throwOnRequestTimeout: true },
} as const;
