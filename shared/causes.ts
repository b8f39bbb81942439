// What the log may say of an exception: the causes of a refusal, the place of a bug, and nothing of a request. Pure.

const mostCauses = 5;
const mostFrames = 6;
const longestMessage = 300;

/**
 * Names and messages down the chain of a refusal's cause. These are our own words, or those of AWS and of Node's network
 * stack about a call; a SyntaxError quotes what was parsed, which may be a token.
 */
export function causesOf(error: unknown): readonly string[] | undefined {
  const chain: string[] = [];
  for (let cause = error; cause instanceof Error && chain.length < mostCauses; cause = cause.cause) {
    const message = cause instanceof SyntaxError ? '' : `: ${cause.message.slice(0, longestMessage)}`;
    chain.push(`${cause.name}${message}`);
  }
  return chain.length > 0 ? chain : undefined;
}

/** Name and place of an error nobody expected. Its message may hold anything, so it is left out. */
export function placeOf(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return [typeof error];
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return [error.name, ...frames.slice(0, mostFrames).map((line) => line.trim())];
}
