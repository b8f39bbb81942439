// The stable reasons of a refusal in a few words each. Pure.

const words: Readonly<Record<string, string>> = {
  malformed: 'The request is malformed',
  signature: 'A signature does not verify',
  algorithm: 'A token is signed with an algorithm that is not allowed',
  key: 'There is no key for a token',
  issuer: 'Nobody trusts the issuer of a token',
  audience: 'A token is meant for somebody else',
  expired: 'A token has expired',
  not_yet_valid: 'A token is not valid yet',
  too_old: 'A token is too old, or lives too long',
  type: 'A token is of another type than it is said to be',
  size: 'What would be issued is too large',
  replayed: 'It was used before',
  revoked: 'Something that takes part is revoked',
  binding: 'Proof of possession is missing or wrong',
  may_act: 'The token names somebody else who may act',
  depth: 'The chain of delegation is too long',
  client: 'The client did not authenticate',
  quota: 'Too many requests',
  no_rule: 'No rule grants this',
  denied: 'A deny rule refuses this',
  scope: 'None of the scopes can be granted',
  target: 'There is no such target',
  tags: 'A tag of the session cannot be made',
  sts: 'STS does not make the session',
  unavailable: 'Something Cambio depends on did not answer',
  suspended: 'An operator has suspended this',
};

export const reasons = Object.keys(words);

/** A code that this page does not know yet stands for itself. */
export function reasonInWords(reason: string): string {
  return (Object.hasOwn(words, reason) && words[reason]) || reason;
}
