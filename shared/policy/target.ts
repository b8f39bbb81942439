// What a request can be for: an audience or a role of the policy, each with the two ways to name it. Pure.
import { resourceForms } from './audience-forms.ts';
import type { Audience, CompiledPolicy, Role } from './compiled-policy.ts';

/** `resource` is the other name: an audience's resource indicator, a role's ARN. */
interface Named {
  readonly name: string;
  readonly resource: unknown;
  readonly scopes: readonly string[];
}

/** `Value` is a role's ARN, which may still be a hole. */
export type Target<Value = string> = Named & ({ readonly audience: Audience } | { readonly role: Role<Value> });

/** `audience` and `resource` parameters of a request. */
interface TargetNames {
  readonly audiences: readonly string[];
  readonly resources: readonly string[];
}

const listed = new WeakMap<object, readonly Target<unknown>[]>();

/** Everything the policy grants; listed once for each policy. */
export function targetsOf<Value>(policy: Pick<CompiledPolicy<Value>, 'audiences' | 'roles'>): readonly Target<Value>[] {
  const targets = (listed.get(policy) as readonly Target<Value>[] | undefined) ?? listTargets(policy);
  listed.set(policy, targets);
  return targets;
}

function listTargets<Value>({ audiences, roles }: Pick<CompiledPolicy<Value>, 'audiences' | 'roles'>): Target<Value>[] {
  return [
    ...Object.values(audiences).map((audience) => ({
      name: audience.name,
      resource: audience.resource,
      scopes: audience.scopes,
      audience,
    })),
    ...Object.values(roles).map((role) => ({ name: role.name, resource: role.arn, scopes: [], role })),
  ];
}

/**
 * The target of each parameter, in order; undefined where a parameter names none. Names and resources are compared as
 * strings: two spellings of one URL are two resources, but for the final slash of an origin.
 */
export function namedTargets<Value>(
  { audiences, resources }: TargetNames,
  targets: readonly Target<Value>[],
): readonly (Target<Value> | undefined)[] {
  const { byAnyName, byResource } = indexOf(targets);
  return [...audiences.map((name) => byAnyName.get(name)), ...resources.map((uri) => byResource.get(uri))];
}

/** The parameters as the policy writes what they name: a condition must not miss a resource for a slash. */
export function writtenNames({ audiences, resources }: TargetNames, targets: readonly Target<unknown>[]): TargetNames {
  const { byResource } = indexOf(targets);
  const written = (uri: string): string => {
    const resource = byResource.get(uri)?.resource;
    return typeof resource === 'string' ? resource : uri;
  };
  return { audiences: audiences.map(written), resources: resources.map(written) };
}

/** Targets by what may name them; of several with one name, the first. */
interface TargetIndex<Value> {
  readonly byResource: ReadonlyMap<string, Target<Value>>;
  readonly byAnyName: ReadonlyMap<string, Target<Value>>;
}

const indexes = new WeakMap<readonly Target<unknown>[], TargetIndex<unknown>>();

function indexOf<Value>(targets: readonly Target<Value>[]): TargetIndex<Value> {
  const index = (indexes.get(targets) as TargetIndex<Value> | undefined) ?? indexTargets(targets);
  indexes.set(targets, index);
  return index;
}

function indexTargets<Value>(targets: readonly Target<Value>[]): TargetIndex<Value> {
  const byResource = new Map<string, Target<Value>>();
  const byAnyName = new Map<string, Target<Value>>();
  for (const target of targets) {
    const forms = typeof target.resource === 'string' ? resourceForms(target.resource) : [];
    for (const form of forms) if (!byResource.has(form)) byResource.set(form, target);
    for (const name of [target.name, ...forms]) if (!byAnyName.has(name)) byAnyName.set(name, target);
  }
  return { byResource, byAnyName };
}
