// What a token is wanted for: `audience` and `resource` to one audience or role of the policy (RFC 8693 §2.1, RFC 8707 §2).
// Pure.
import type { CompiledPolicy } from '../../policy/compiled-policy.ts';
import { namedTargets, type Target, targetsOf } from '../../policy/target.ts';
import { Refused } from '../denial.ts';
import type { TokenRequest } from './token-request.ts';

// RFC 3986 §4.3 absolute-URI: a scheme, no fragment, nothing that would need escaping.
const absoluteUri = /^[a-z][a-z0-9+.-]*:[!$%&'()*+,\-./0-9:;=?@A-Z[\]_a-z~]+$/i;

/**
 * The one target that all `audience` and `resource` parameters name. Both are compared as strings with what the
 * policy says: two spellings of one URL are two resources.
 * @throws Refused `target`
 */
export function resolveTarget(
  { asked }: Pick<TokenRequest, 'asked'>,
  policy: Pick<CompiledPolicy, 'audiences' | 'roles'>,
): Target {
  const { audiences, resources } = asked;
  if (audiences.length + resources.length === 0) throw new Refused({ kind: 'target', problem: 'missing' });
  if (!resources.every((resource) => absoluteUri.test(resource))) {
    throw new Refused({ kind: 'target', problem: 'malformed' });
  }
  const named = namedTargets(asked, targetsOf(policy));
  const [target] = named;
  // An unknown name beside a known one is refused as unknown, never passed over.
  if (!target || named.includes(undefined)) throw new Refused({ kind: 'target', problem: 'unknown' });
  if (named.some((other) => other?.name !== target.name)) throw new Refused({ kind: 'target', problem: 'several' });
  return target;
}
