// An answer of GET /credentials to the SDKs' container provider: the credentials, or `{code, message}`. Pure but for the
// response it writes.
import type { ServerResponse } from 'node:http';
import type { AwsCredentials } from '../aws/credentials.ts';
import { containerDocument } from '../aws/formats.ts';
import { CallFailed } from '../call-failed.ts';
import { UsageError } from '../usage.ts';
import { answerJson } from './local-listener.ts';

/** Writes what `fetchCredentials` gives. */
export async function answerCredentials(
  response: ServerResponse,
  fetchCredentials: () => Promise<AwsCredentials>,
): Promise<void> {
  try {
    answerJson(response, 200, containerDocument(await fetchCredentials()));
  } catch (error) {
    const { status, code, message, headers, decisionId } = problemOf(error);
    answerJson(response, status, { code, message, decision_id: decisionId }, headers);
  }
}

interface Problem {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly decisionId: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

function problemOf(error: unknown): Problem {
  if (error instanceof UsageError) {
    const said = { code: 'no_subject_token', message: error.message, decisionId: undefined };
    return { ...said, status: 503, headers: { 'retry-after': '5' } };
  }
  if (!(error instanceof CallFailed)) return fault;
  const { facts, isRefusal } = error;
  const said = { message: facts.description, decisionId: facts.decisionId };
  if (isRefusal)
    return { ...said, status: refusalStatus(facts.status, facts.error), code: facts.error ?? 'refused', headers: {} };
  const seconds = Math.max(1, Math.ceil((facts.retryAfter ?? 1_000) / 1_000));
  const status = facts.status === 429 ? 429 : 503;
  return {
    ...said,
    status,
    code: facts.error ?? 'temporarily_unavailable',
    headers: { 'retry-after': String(seconds) },
  };
}

/** A fault of the agent itself. Its message is not passed on: it could contain a secret. */
const fault: Problem = {
  status: 500,
  code: 'server_error',
  message: 'cambio failed',
  decisionId: undefined,
  headers: {},
};

/** The token endpoint says 400 of what the credentials endpoint tells apart: 401 a bad token, 403 a role that is refused. */
function refusalStatus(status: number, error: string | undefined): number {
  if (status !== 400) return status;
  if (error === 'invalid_target' || error === 'invalid_scope') return 403;
  return error === 'invalid_request' ? 401 : 400;
}
