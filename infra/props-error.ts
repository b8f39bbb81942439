/** What the construct or the app was given cannot be deployed; the message is for whoever gave it, and its first line says what is wrong. */
export class PropsError extends Error {
  override readonly name = 'PropsError';
}
