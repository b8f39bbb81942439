// What `cambio doctor --policy PATH` says of the policy: which secrets and keys of clients have ended or are about to. Reads its files.
import { endingCredentials } from '../../infra/policy/compile-policy.ts';
import { type Found, well, wrong } from '../doctor/finding.ts';

/** @param now seconds since the epoch */
export function policyEnds(path: string, now: number): readonly Found[] {
  const findings = endingCredentials(path, now);
  if (findings.length === 0) return [well('no secret or key of a client ends within 30 days')];
  return findings.map(({ file, line, message, hint }) => wrong(`${file}:${line}: ${message}`, hint));
}
