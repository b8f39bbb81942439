/** What the construct or the app was given cannot be deployed; the message is one line for whoever gave it. */
export class PropsError extends Error {
  override readonly name = 'PropsError';
}
