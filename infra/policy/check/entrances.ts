// Every place of a policy where a match lets somebody in, with all that narrows it. Pure.
import { claimsReadBy } from '../cel/tree.ts';
import { byName, type Entry, type MergedPolicy } from '../schema/merge.ts';
import type { IssuerEntry, MatchEntry, RuleEntry } from '../schema/schema.ts';
import { below, type Place } from '../source/place.ts';

export interface Entrance {
  /** What is let in, for messages: `rule "a"`. */
  readonly what: string;
  readonly issuer: Entry<IssuerEntry>;
  readonly match: MatchEntry;
  /** Paths of claims that `when` looks at: what it asks of them is not known. */
  readonly read: readonly string[];
  /** Where the match is, or would be. */
  readonly place: Place;
  readonly rule?: Entry<RuleEntry>;
}

/** Subjects and actors of allow rules, and federated clients. */
export function entrancesOf({ issuers, rules, clients }: MergedPolicy): readonly Entrance[] {
  const known = byName(issuers);
  const entrance = (from: string | undefined, rest: Omit<Entrance, 'issuer'>): Entrance[] => {
    const issuer = known.get(from ?? '');
    return issuer === undefined ? [] : [{ issuer, ...rest }];
  };
  return [
    ...rules
      .filter(({ value }) => value.grant !== undefined && value.deny === undefined)
      .flatMap((rule) => {
        const { name, value, place } = rule;
        const read = Object.values(value.when ?? {}).flatMap(claimsReadBy);
        const what = `rule ${JSON.stringify(name)}`;
        const { match = {}, actor } = value;
        return [
          ...entrance(value.from, { what, match, read, place: below(place, 'match'), rule }),
          ...entrance(actor?.from, {
            what,
            match: actor?.match ?? {},
            read: [],
            place: below(place, 'actor', 'match'),
          }),
        ];
      }),
    ...clients.flatMap(({ name, value: { auth }, place }) =>
      entrance(auth.federated?.issuer, {
        what: `client ${JSON.stringify(name)}`,
        match: auth.federated?.match ?? {},
        read: [],
        place: below(place, 'auth', 'federated', 'match'),
      }),
    ),
  ];
}

/** The values that a match wants of a claim, as text; none where it does not mention it. */
export function wantedOf(match: MatchEntry, path: string): readonly string[] {
  const wanted = Object.hasOwn(match, path) ? match[path] : undefined;
  return wanted === undefined ? [] : [wanted].flat().map(String);
}

/** Whether a match mentions a claim and every value it allows is as it should be. */
export function binds(match: MatchEntry, path: string, suits: (value: string) => boolean): boolean {
  const wanted = wantedOf(match, path);
  return wanted.length > 0 && wanted.every(suits);
}
