// Calls of the page's own server, which is the only one it may reach.

/** What the server refused, in its own words. */
export class CallRefused extends Error {
  override readonly name = 'CallRefused';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** @throws CallRefused */
export async function call<Answer>(method: string, path: string, body?: object): Promise<Answer> {
  const json = body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const answer = await fetch(`/_console${path}`, { method, cache: 'no-store', ...json }).catch(() => undefined);
  if (!answer) throw new CallRefused(0, 'The server of this page does not answer: is it still running?');
  const text = await answer.text();
  if (answer.ok) return (text === '' ? {} : JSON.parse(text)) as Answer;
  throw new CallRefused(answer.status, wordsOf(text) ?? `status ${answer.status}`);
}

function wordsOf(text: string): string | undefined {
  try {
    const { error_description: words } = JSON.parse(text) as { readonly error_description?: unknown };
    return typeof words === 'string' ? words : undefined;
  } catch {
    return text === '' ? undefined : text;
  }
}
