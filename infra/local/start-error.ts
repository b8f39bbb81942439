// Why the local stack does not start, in words for whoever typed the command. Pure.

/** Its message is all there is to say; a stack trace would only hide it. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
