// What crosses tenants: nothing that both sides do not name, and no rule that is of neither side. Pure.
import { isOwnIssuer, qualified, selfIssuerName, tenantOf } from '../../../shared/policy/tenant.ts';
import type { Export, Import } from '../schema/joined-names.ts';
import { byName, type Entry, type MergedPolicy } from '../schema/merge.ts';
import type { RuleEntry } from '../schema/schema.ts';
import { type Diagnostic, quote } from '../source/diagnostic.ts';
import { didYouMean } from '../source/did-you-mean.ts';
import { below, errorAt, keyOf } from '../source/place.ts';
import { rootName } from '../source/tenant-name.ts';

export function checkJoins(policy: MergedPolicy): readonly Diagnostic[] {
  return [
    ...policy.tenantSources
      .filter(({ source }) => source.tenant !== '')
      .map((place) => errorAt(keyOf(place), 'a tenant has no tenants', 'write it into the root policy')),
    ...policy.exports.flatMap((each) => checkExport(each, policy)),
    ...policy.imports.flatMap((each) => checkImport(each, policy)),
    ...policy.rules.flatMap(checkRule),
  ];
}

function checkExport({ section, name, to = [], place }: Export, policy: MergedPolicy): Diagnostic[] {
  const tenants = new Set(policy.files.map(({ source }) => source.tenant || rootName));
  const strangers = to.flatMap((tenant, index) =>
    tenants.has(tenant) || policy.tenantSources.length > 0
      ? []
      : [errorAt(below(place, index), `there is no tenant ${quote(tenant)}`, didYouMean(tenant, [...tenants]))],
  );
  if (exists(section, name, policy)) return strangers;
  const own = policy[section].map((entry) => entry.name).filter((other) => tenantOf(other) === tenantOf(name));
  const message = `there is no ${section.slice(0, -1)} ${quote(name)} to export`;
  return [errorAt(to.length > 0 ? keyOf(place) : place, message, didYouMean(name, own)), ...strangers];
}

function checkImport(imported: Import, policy: MergedPolicy): Diagnostic[] {
  const { section, name, tenant, place } = imported;
  const kind = section.slice(0, -1);
  if (tenantOf(name) === tenant) {
    const isSelf = tenant === '' || name.includes('/');
    return isSelf ? [errorAt(place, `${kind} ${quote(name)} is this tenant's own`, 'remove it')] : [];
  }
  if (name === selfIssuerName) {
    return [errorAt(place, 'tokens of the root policy’s own subjects are not imported', 'write the rule in the root')];
  }
  const own = byName<unknown>(policy[section]).get(qualified(tenant, name));
  if (tenantOf(name) === '' && own !== undefined) {
    const message = `${kind} ${quote(name)} is imported from the root policy and defined here`;
    return [errorAt(place, message, 'give your own another name: a rule could not tell them apart')];
  }
  const wanted = policy.exports.find((each) => each.section === section && each.name === name);
  const importer = tenant || rootName;
  if (wanted !== undefined && (wanted.to === undefined || wanted.to.includes(importer))) return [];
  const owner = tenantOf(name) || rootName;
  const what = exists(section, name, policy) ? `${owner} does not export` : `there is no ${kind}`;
  const whom = what.startsWith('there') ? '' : ` to ${importer}`;
  const known = policy.exports.flatMap((each) => (each.section === section ? each.name : []));
  const hint = whom === '' ? didYouMean(name, known) : `its owner writes it into "exports: { ${section}: … }"`;
  return [errorAt(place, `${what} ${quote(name)}${whom}`, hint)];
}

function exists(section: Import['section'], name: string, policy: MergedPolicy): boolean {
  return byName<unknown>(policy[section]).has(name) || (section === 'issuers' && isOwnIssuer(name));
}

/**
 * A tenant decides about its own subjects and its own targets. It cannot give what is others' to whom is others', nor take
 * from others what they give each other.
 */
function checkRule({ name, value, place }: Entry<RuleEntry>): Diagnostic[] {
  const tenant = tenantOf(name);
  const { from, grant, deny } = value;
  const target = grant ?? (deny === true ? undefined : deny);
  const named = target?.audience ?? target?.role;
  if (tenantOf(from) === tenant) return [];
  if (named !== undefined && tenantOf(named) === tenant) return [];
  const message = `rule ${quote(name)} is about subjects of ${quote(tenantOf(from) || rootName)} and no target of its own`;
  const hint =
    deny === true ? 'name a target of your own: deny: { audience: … }' : 'leave it to the tenant whose they are';
  return [errorAt(below(place, 'from'), message, hint)];
}
