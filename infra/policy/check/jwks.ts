// Keys written into a policy: public, asymmetric, complete (RFC 7517, RFC 7518 §6). Pure.
import { type Diagnostic, quote } from '../source/diagnostic.ts';
import { below, errorAt, keyOf, type Place } from '../source/place.ts';

const requiredMembers: ReadonlyMap<unknown, readonly string[]> = new Map([
  ['RSA', ['n', 'e']],
  ['EC', ['crv', 'x', 'y']],
  ['OKP', ['crv', 'x']],
]);

const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

export function checkJwks(keys: readonly Readonly<Record<string, unknown>>[], place: Place): readonly Diagnostic[] {
  return keys.flatMap((key, index) => checkKey(key, below(place, index)));
}

function checkKey(key: Readonly<Record<string, unknown>>, place: Place): Diagnostic[] {
  if (key['kty'] === 'oct') {
    return [
      errorAt(below(place, 'kty'), 'a symmetric key cannot verify tokens', 'whoever verifies with it could issue'),
    ];
  }
  const required = requiredMembers.get(key['kty']);
  if (required === undefined)
    return [errorAt(below(place, 'kty'), 'the kty of a key is RSA, EC or OKP', 'give a public key as a JWK')];
  return [
    ...privateMembers
      .filter((member) => Object.hasOwn(key, member))
      .map((member) =>
        errorAt(
          keyOf(below(place, member)),
          `${quote(member)} is private`,
          'keep only the public members; replace this key',
        ),
      ),
    ...required
      .filter((member) => typeof key[member] !== 'string')
      .map((member) =>
        errorAt(
          place,
          `a key of kty ${String(key['kty'])} needs ${quote(member)}, a string`,
          'give the whole public JWK',
        ),
      ),
  ];
}
