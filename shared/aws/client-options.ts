// How the functions call AWS: short waits and few retries, because the caller's whole answer has three seconds.

/** For every SDK client: two retries with jitter (SDK standard mode), half a second to connect, one to answer. */
export const clientOptions = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 500, requestTimeout: 1_000, throwOnRequestTimeout: true },
} as const;
