// What a refusal is on the wire, by status: taken from the one place that says it, so that the document cannot say another
// thing than the functions. Pure.
import type { Denial } from '../../../shared/oauth/denial.ts';
import { oauthError } from '../../../shared/oauth/oauth-error.ts';
import { credentialsError } from '../../../shared/oauth/role-session/credentials-request.ts';

export type Kind = Denial['kind'];

/** One answer among those of an operation. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  /** Names. */
  readonly headers: readonly string[];
}

/** Of each kind, one denial for each answer it has. */
const samples: { readonly [Each in Kind]: readonly Extract<Denial, { readonly kind: Each }>[] } = {
  content_type: [{ kind: 'content_type' }],
  body_too_large: [{ kind: 'body_too_large' }],
  parameter: [
    { kind: 'parameter', parameter: 'role', problem: 'missing' },
    { kind: 'parameter', parameter: 'subject_token', problem: 'missing' },
  ],
  grant_type: [{ kind: 'grant_type' }],
  token_type: [{ kind: 'token_type', parameter: 'subject_token_type' }],
  client: [{ kind: 'client' }],
  client_methods: [{ kind: 'client_methods' }],
  dpop: [{ kind: 'dpop', problem: 'missing', detail: '' }],
  dpop_nonce: [{ kind: 'dpop_nonce', nonce: '' }],
  certificate: [{ kind: 'certificate' }],
  token: [{ kind: 'token', parameter: 'subject_token', reason: 'expired', detail: '' }],
  target: [{ kind: 'target', problem: 'unknown' }],
  no_rule: [{ kind: 'no_rule' }],
  denied: [{ kind: 'denied', rule: '' }],
  scope: [{ kind: 'scope', problem: 'none_granted' }],
  signing_input: [{ kind: 'signing_input', bytes: 0 }],
  foreign_token: [{ kind: 'foreign_token' }],
  irrevocable: [{ kind: 'irrevocable' }],
  suspended: [
    { kind: 'suspended', suspended: { kind: 'client', name: '' }, as: 'client' },
    { kind: 'suspended', suspended: { kind: 'role', name: '' }, as: 'target' },
  ],
  throttled: [
    { kind: 'throttled', over: { by: 'client', count: 1, seconds: 1, retryAfter: 1 } },
    // Of guesses.
    { kind: 'throttled' },
  ],
  role_session: [{ kind: 'role_session', part: 'tag', name: '', problem: 'missing' }],
  sts: [{ kind: 'sts', code: '', detail: undefined }],
  unavailable: [{ kind: 'unavailable', dependency: 'kms' }],
};

/** As OAuth clients read them. */
export function refusals(kinds: readonly Kind[]): readonly Refusal[] {
  return kinds.flatMap((kind) =>
    samples[kind].map((denial) => {
      const { status, error, headers } = oauthError(denial);
      return { status, code: error, headers: Object.keys(headers) };
    }),
  );
}

/** As AWS SDKs read them at `/credentials`. */
export function credentialsRefusals(kinds: readonly Kind[]): readonly Refusal[] {
  return kinds.flatMap((kind) =>
    samples[kind].map((denial) => {
      const { status, code, headers } = credentialsError(denial);
      return { status, code, headers: Object.keys(headers) };
    }),
  );
}
