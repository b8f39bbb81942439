// What an operator reads of a refusal beside its code: which check failed, in our own words, never in a token's. The caller is
// told none of it. Pure.
import type { Denial, Refused } from '../denial.ts';
import { TokenRefused } from '../jose/jwt.ts';

/** The detail of a refusal; undefined where the reason says it all, or the rules' trace does. */
export function refusalDetail({ denial, cause }: Pick<Refused, 'denial' | 'cause'>): string | undefined {
  // Which of an assertion's checks failed is the cause: the denial is the same for all, as the answer is.
  if (denial.kind === 'client' && cause instanceof TokenRefused) return cause.message;
  return detailOf(denial);
}

function detailOf(denial: Denial): string | undefined {
  switch (denial.kind) {
    case 'token':
    case 'dpop':
    case 'client':
      return denial.detail;
    case 'dpop_nonce':
      return 'the proof has no nonce, or an old one';
    case 'certificate':
      return 'the audience wants a client certificate';
    case 'sts':
      return denial.detail === undefined ? denial.code : `${denial.code}: ${denial.detail}`;
    case 'role_session':
      return `${denial.part} ${denial.name}: ${denial.problem}`;
    case 'suspended':
      return `${denial.suspended.kind} ${denial.suspended.name} is suspended`;
    case 'parameter':
      return `${denial.parameter} is ${denial.problem}`;
    case 'token_type':
      return `${denial.parameter} is not supported here`;
    case 'target':
      return `the target is ${denial.problem}`;
    case 'scope':
      return denial.problem === 'malformed' ? 'scope is malformed' : 'no requested scope is granted';
    case 'signing_input':
      return `the token would be ${denial.bytes} bytes to sign, more than KMS takes`;
    case 'unavailable':
      return denial.dependency;
    case 'throttled':
      return denial.over && `over the quota of the ${denial.over.by}: ${denial.over.count} in ${denial.over.seconds} s`;
    case 'content_type':
    case 'body_too_large':
    case 'grant_type':
    case 'client_methods':
    case 'no_rule':
    case 'denied':
    case 'foreign_token':
    case 'irrevocable':
      return undefined;
  }
}
