// "Did you mean …": the nearest of the known words by edit distance. Pure.

/** A hint naming what the word begins, a tenant's of that name, else the nearest candidate, or listing them all when none is near. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const nearest = suggestionFor(word, candidates);
  if (nearest !== undefined) return `did you mean ${nearest}?`;
  return candidates.length === 0 ? 'there are none' : `known: ${[...candidates].sort().join(', ')}`;
}

/** What somebody most likely meant: `github` is `github-actions` rather than `gitlab`. */
function suggestionFor(word: string, candidates: readonly string[]): string | undefined {
  return begunBy(word, candidates) ?? ofTenant(word, candidates) ?? nearestOf(word, candidates);
}

/** The one candidate that goes on where the word ends; with several, none is meant more than another. */
function begunBy(word: string, candidates: readonly string[]): string | undefined {
  if (word.length < 3) return undefined;
  const longer = candidates.filter((each) => each.toLowerCase().startsWith(word.toLowerCase()) && each !== word);
  return longer.length === 1 ? longer[0] : undefined;
}

/** The one tenant's thing that is called so. */
function ofTenant(word: string, candidates: readonly string[]): string | undefined {
  const found = candidates.filter((each) => each.endsWith(`/${word}`));
  return found.length === 1 ? found[0] : undefined;
}

/** The candidate nearest to the word: within three edits, fewer for short words. */
export function nearestOf(word: string, candidates: readonly string[]): string | undefined {
  const limit = word.length < 4 ? 1 : word.length < 9 ? 2 : 3;
  const ranked = candidates
    .filter((candidate) => Math.abs(candidate.length - word.length) <= limit)
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.candidate;
}

/** Two neighbours that changed places are one edit: so fingers slip. */
function editDistance(a: string, b: string): number {
  let beforeThat: readonly number[] = [];
  let previous: readonly number[] = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const row = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const substituted = (previous[j] ?? 0) + (letter === other ? 0 : 1);
      const swapped = letter === b[j - 1] && other === a[i - 1] ? (beforeThat[j - 1] ?? 0) + 1 : substituted;
      row.push(Math.min(substituted, swapped, (previous[j + 1] ?? 0) + 1, (row[j] ?? 0) + 1));
    }
    [beforeThat, previous] = [previous, row];
  }
  return previous.at(-1) ?? 0;
}
