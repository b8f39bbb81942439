// The parts of a CloudFormation template that the local stack reads, and typed access to them. Pure.

export interface TemplateResource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly Condition?: string;
  readonly DependsOn?: string | readonly string[];
}

export interface StackTemplate {
  readonly Resources: Readonly<Record<string, TemplateResource>>;
  readonly Parameters?: Readonly<Record<string, { readonly Type: string; readonly Default?: unknown }>>;
  readonly Conditions?: Readonly<Record<string, unknown>>;
  readonly Outputs?: Readonly<Record<string, { readonly Value: unknown }>>;
  readonly Mappings?: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;
}

export type Properties = Readonly<Record<string, unknown>>;

/** What the template says is not what the local stack can run; the message names the resource or intrinsic. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

export function isObject(value: unknown): value is Properties {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws TemplateError naming `what` if the value is no object; an absent value is an empty object */
export function asObject(value: unknown, what: string): Properties {
  if (value === undefined) return {};
  if (!isObject(value)) throw new TemplateError(`${what} must be an object`);
  return value;
}

/** @throws TemplateError naming `what` if the value is no array; an absent value is an empty array */
export function asArray(value: unknown, what: string): readonly unknown[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new TemplateError(`${what} must be a list`);
  return value;
}

/** CloudFormation accepts numbers and booleans where it wants strings. @throws TemplateError naming `what` */
export function asString(value: unknown, what: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new TemplateError(`${what} must be a string`);
}

export function asStringMap(value: unknown, what: string): Readonly<Record<string, string>> {
  const entries = Object.entries(asObject(value, what));
  return Object.fromEntries(entries.map(([key, item]) => [key, asString(item, `${what}.${key}`)]));
}

/** Logical id and resource of every resource of these types, in template order. */
export function resourcesOfType(template: StackTemplate, ...types: readonly string[]): [string, TemplateResource][] {
  return Object.entries(template.Resources).filter(([, resource]) => types.includes(resource.Type));
}
