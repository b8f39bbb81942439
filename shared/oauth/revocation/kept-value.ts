// What a revocation names is kept as it is, or, where it is made of claims that an issuer calls private, as the hash by which
// the revocation is found. Pure.
import { hash } from 'node:crypto';
import type { Template, TrustedIssuer } from '../../policy/compiled-policy.ts';
import { hasPrivateSubject, showsPrivate } from '../../policy/private-claims.ts';
import type { Revocation } from './revocation.ts';

type Issuers = readonly TrustedIssuer[];

/**
 * The hash to keep instead of the value; undefined where it shows nothing that is private.
 * @param issuers of the policy; what none of them can have made may come from one that it had, and is hidden
 */
export function hiddenValue({ by, value }: Pick<Revocation, 'by' | 'value'>, issuers: Issuers): string | undefined {
  const isOpen = by === 'subject' ? isOpenSubject(value, issuers) : by !== 'run' || isOpenRun(value, issuers);
  return isOpen ? undefined : `sha256:${revokedHash(value)}`;
}

/** By which a revocation is found; hex. */
export function revokedHash(value: string): string {
  return hash('sha256', value, 'hex');
}

/** Whether an issuer without a secret in it may have made the subject, and none with one. */
function isOpenSubject(sub: string, issuers: Issuers): boolean {
  const bar = sub.indexOf('|');
  // No template makes a bar.
  const makers = issuers.filter(({ name, subject }) =>
    bar < 0 ? subject !== undefined && mayFill(subject, sub) : subject === undefined && name === sub.slice(0, bar),
  );
  return makers.length > 0 && !makers.some(hasPrivateSubject);
}

function isOpenRun(run: string, issuers: Issuers): boolean {
  const maker = issuers.find(({ name }) => name === run.slice(0, run.indexOf('|')));
  return maker?.run?.every((path) => !showsPrivate(path, maker)) === true;
}

/** Whether the literal parts stand in the text in this order, the outer ones at its ends. */
function mayFill(template: Template, text: string): boolean {
  let end = 0;
  for (const [index, part] of template.entries()) {
    if (typeof part !== 'string') continue;
    const isLast = index === template.length - 1;
    const start = isLast ? text.length - part.length : text.indexOf(part, end);
    if (start < end || (index === 0 && start > 0) || !text.startsWith(part, start)) return false;
    end = start + part.length;
  }
  return true;
}
