// How the functions call AWS: short waits and one retry, because the caller's whole answer has three seconds and a
// dependency should fail by its own name before that.

/** For every SDK client: one retry with jitter (SDK standard mode), 400 ms to connect, 700 ms to answer. */
export const clientOptions = {
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 400, requestTimeout: 700, throwOnRequestTimeout: true },
} as const;

/**
 * For what nobody waits three seconds for, and what is lost where its answer is not awaited: KMS makes a key whether or not the
 * function still listens, and an RSA key takes its time.
 */
export const patientOptions = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 1_000, requestTimeout: 8_000, throwOnRequestTimeout: true },
} as const;
