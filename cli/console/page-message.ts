// A request to the page's server and its answer, whichever server it came through. Pure.

export interface PageRequest {
  readonly method: string;
  /** As sent, without the query. */
  readonly path: string;
  readonly query: string;
  /** By lower-case name. */
  readonly header: (name: string) => string | undefined;
  readonly body: string;
}

export interface PageAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Nobody stores it, and nobody takes it for anything but what it is. */
const always = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};

export function answerJson(status: number, body: unknown): PageAnswer {
  return { status, headers: { ...always, 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

export function refuse(status: number, error: string, description: string): PageAnswer {
  return answerJson(status, { error, error_description: description });
}

export function answerText(status: number, text: string, headers: Readonly<Record<string, string>> = {}): PageAnswer {
  return { status, headers: { ...always, 'content-type': 'text/plain; charset=utf-8', ...headers }, body: text };
}

export function answerHtml(html: string, headers: Readonly<Record<string, string>>): PageAnswer {
  return { status: 200, headers: { ...always, 'content-type': 'text/html; charset=utf-8', ...headers }, body: html };
}
