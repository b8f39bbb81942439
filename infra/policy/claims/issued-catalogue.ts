// Which claims Cambio's own tokens have: what `from: self` can match. Pure.
import type { ClaimType } from '../../../shared/policy/compiled-policy.ts';
import { byName, type MergedPolicy } from '../schema/merge.ts';
import { parseTemplate } from '../schema/template.ts';
import { type Catalogue, catalogueOf, registeredClaims, typeOfClaim } from './catalogue.ts';

/** Beyond the registered ones: RFC 9068 §2.2, RFC 8693 §4.1; the last four are of transaction tokens. */
const issuedClaims: Readonly<Record<string, ClaimType>> = {
  ...registeredClaims,
  client_id: 'string',
  scope: 'string',
  act: 'object',
  tenant: 'string',
  txn: 'string',
  req_wl: 'string',
  tctx: 'object',
  rctx: 'object',
};

type MappedType = ClaimType | 'open';

/** The claims of every issued token, and those that any grant maps into one. */
export function issuedCatalogue(policy: MergedPolicy): Catalogue {
  const types = new Map<string, MappedType>();
  for (const { name, type } of mappedClaims(policy)) {
    const other = types.get(name);
    types.set(name, other === undefined || other === type ? type : 'open');
  }
  const mapped = [...types].filter(([name]) => !Object.hasOwn(issuedClaims, name));
  const typed = mapped.filter((entry): entry is [string, ClaimType] => entry[1] !== 'open');
  return {
    claims: { ...Object.fromEntries(typed), ...issuedClaims },
    always: ['iat', 'jti'],
    untyped: mapped.flatMap(([name, type]) => (type === 'open' ? name : [])),
  };
}

function mappedClaims({ issuers, rules }: MergedPolicy): { readonly name: string; readonly type: MappedType }[] {
  const catalogues = new Map([...byName(issuers)].map(([name, { value }]) => [name, catalogueOf(value)]));
  return rules.flatMap(({ value: { from, grant } }) => {
    const catalogue = catalogues.has(from) ? catalogues.get(from) : { claims: issuedClaims };
    return Object.entries(grant?.claims ?? {}).map(([name, text]) => ({ name, type: typeOf(text, catalogue) }));
  });
}

/** One reference alone keeps the type of its claim; everything else is text. */
function typeOf(text: string, catalogue: Catalogue | undefined): MappedType {
  const [only, ...others] = parseTemplate(text) ?? [];
  if (typeof only !== 'object' || others.length > 0) return 'string';
  return (catalogue && typeOfClaim(catalogue, only.claim)) ?? 'open';
}
