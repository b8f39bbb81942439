// Claims mapped into issued tokens: their names, and the templates that fill them. Pure.
import { type Catalogue, typeOfClaim } from '../claims/catalogue.ts';
import { cataloguesOf } from '../claims/catalogue-by-name.ts';
import type { MergedPolicy } from '../schema/merge.ts';
import type { RuleEntry } from '../schema/schema.ts';
import { parseTemplate } from '../schema/template.ts';
import { type Diagnostic, quote } from '../source/diagnostic.ts';
import { below, errorAt, keyOf, type Place } from '../source/place.ts';
import { claimFinding } from './claim-finding.ts';

/** Claims that only Cambio itself writes. */
const reservedClaims: readonly string[] = [
  ...['iss', 'sub', 'aud', 'exp', 'iat', 'nbf', 'jti', 'act', 'may_act', 'cnf', 'client_id', 'scope', 'txn', 'tenant'],
  ...['lineage', 'req_wl', 'tctx', 'rctx', 'status'],
];

type Kind = 'text' | 'any';

export interface PlacedTemplate {
  readonly text: string;
  readonly place: Place;
}

export function checkTemplates(policy: MergedPolicy): readonly Diagnostic[] {
  const catalogues = cataloguesOf(policy);
  return policy.rules.flatMap(({ value, place }) => {
    const catalogue = catalogues.get(value.from);
    const templates = templatesOf(value, below(place, 'grant'));
    return [
      ...reserved(value, place),
      ...templates.flatMap((template) => checkTemplate(template, catalogue, template.kind)),
    ];
  });
}

function reserved({ grant }: RuleEntry, place: Place): Diagnostic[] {
  return Object.keys(grant?.claims ?? {})
    .filter((name) => reservedClaims.includes(name))
    .map((name) =>
      errorAt(
        keyOf(below(place, 'grant', 'claims', name)),
        `the claim ${quote(name)} is reserved`,
        'map it under another name',
      ),
    );
}

function templatesOf({ grant }: RuleEntry, place: Place): (PlacedTemplate & { readonly kind: Kind })[] {
  const { claims = {}, tags = {}, sourceIdentity } = grant ?? {};
  return [
    ...Object.entries(claims).map(([name, text]) => ({
      text,
      place: below(place, 'claims', name),
      kind: 'any' as const,
    })),
    ...Object.entries(tags).map(([name, tag]) =>
      typeof tag === 'string'
        ? { text: tag, place: below(place, 'tags', name), kind: 'text' as const }
        : { text: tag.value, place: below(place, 'tags', name, 'value'), kind: 'text' as const },
    ),
    ...(sourceIdentity === undefined
      ? []
      : [{ text: sourceIdentity, place: below(place, 'sourceIdentity'), kind: 'text' as const }]),
  ];
}

/** @param kind `text`: the result is text, so that no list or object can stand in it even alone */
export function checkTemplate(
  { text, place }: PlacedTemplate,
  catalogue: Catalogue | undefined,
  kind: Kind = 'any',
): Diagnostic[] {
  const template = parseTemplate(text);
  if (template === undefined) {
    return [errorAt(place, `${quote(text)}: only claims can stand in \${…}`, 'write ${claims.NAME}')];
  }
  if (catalogue === undefined) return [];
  return template.flatMap((part) =>
    typeof part === 'string'
      ? []
      : checkReference(part.claim, kind === 'text' || template.length > 1, catalogue, place),
  );
}

/** A claim that a template refers to. @param amongText it is made text, which a list or object cannot be */
export function checkReference(path: string, amongText: boolean, catalogue: Catalogue, place: Place): Diagnostic[] {
  const type = typeOfClaim(catalogue, path);
  if (type === undefined || type === 'open') return claimFinding(path, catalogue, place);
  if (!amongText || (type !== 'list' && type !== 'object')) return [];
  return [errorAt(place, `the claim ${quote(path)} is of type ${type} and cannot stand among text`, 'map it alone')];
}
