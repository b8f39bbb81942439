// CloudFormation intrinsic functions, conditions and pseudo parameters, resolved as a deployment would. Pure.
import { asArray, asObject, asString, isObject, type StackTemplate, TemplateError } from './stack-template.ts';

/** Looks up what a deployment would know of a resource; undefined where it is not known. */
export interface References {
  readonly ref: (logicalId: string) => string | undefined;
  readonly attribute: (logicalId: string, name: string) => unknown;
}

export interface ResolverOptions {
  readonly template: StackTemplate;
  /** Values of `AWS::Region` and the other pseudo parameters. */
  readonly pseudo: Readonly<Record<string, string>>;
  /** Parameter values given at deploy; a parameter without one takes its default. */
  readonly parameters?: Readonly<Record<string, string>>;
  readonly references: References;
}

export interface Resolver {
  /** @throws TemplateError for an intrinsic, resource or attribute that is not known */
  readonly resolve: (value: unknown) => unknown;
  /** Whether the named condition holds; no name holds always. */
  readonly condition: (name: string | undefined) => boolean;
}

// AWS::NoValue removes the property or list element that it stands for.
const noValue = Symbol('AWS::NoValue');

/** Makes a resolver; it asks `references` each time, so that resources may become known one after another. */
export function createResolver(options: ResolverOptions): Resolver {
  const evaluate = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(evaluate).filter((item) => item !== noValue);
    if (!isObject(value)) return value;
    const [entry, second] = Object.entries(value);
    if (entry && !second && isIntrinsic(entry[0])) return apply(entry[0], entry[1]);
    return Object.fromEntries(
      Object.entries(value)
        .map(([key, item]) => [key, evaluate(item)] as const)
        .filter(([, item]) => item !== noValue),
    );
  };
  const text = (value: unknown, what: string): string => asString(evaluate(value), what);
  const list = (value: unknown, what: string): readonly unknown[] => asArray(evaluate(value), what);

  const condition = (name: string | undefined): boolean => {
    if (name === undefined) return true;
    const definition = options.template.Conditions?.[name];
    if (definition === undefined) throw new TemplateError(`condition ${name} is not defined`);
    return evaluate(definition) === true;
  };

  const apply = (name: string, argument: unknown): unknown => {
    switch (name) {
      case 'Ref':
        return ref(options, asString(argument, 'Ref'));
      case 'Condition':
        return condition(asString(argument, 'Condition'));
      case 'Fn::GetAtt':
        return attribute(options, argument);
      case 'Fn::Join':
        return join(list(argument, name));
      case 'Fn::Sub':
        return substitute(argument, { text, ref: (id) => ref(options, id), attribute: (id) => attribute(options, id) });
      case 'Fn::Select':
        return select(list(argument, name));
      case 'Fn::Split':
        return split(list(argument, name));
      case 'Fn::FindInMap':
        return findInMap(options.template, list(argument, name));
      case 'Fn::If': {
        const [test, then, otherwise] = asArray(argument, name);
        return evaluate(condition(asString(test, name)) ? then : otherwise);
      }
      case 'Fn::Equals': {
        const [left, right] = list(argument, name);
        return JSON.stringify(left) === JSON.stringify(right);
      }
      case 'Fn::Not':
        return list(argument, name)[0] !== true;
      case 'Fn::And':
        return list(argument, name).every((item) => item === true);
      case 'Fn::Or':
        return list(argument, name).some((item) => item === true);
      default:
        throw new TemplateError(`the local stack does not know the intrinsic function ${name}`);
    }
  };
  const resolve = (value: unknown): unknown => {
    const result = evaluate(value);
    return result === noValue ? undefined : result;
  };
  return { resolve, condition };
}

function isIntrinsic(key: string): boolean {
  return key === 'Ref' || key === 'Condition' || key.startsWith('Fn::');
}

function ref({ template, pseudo, parameters, references }: ResolverOptions, id: string): unknown {
  if (id === 'AWS::NoValue') return noValue;
  const parameter = template.Parameters?.[id];
  const value = pseudo[id] ?? parameters?.[id] ?? parameter?.Default ?? references.ref(id);
  if (value === undefined) throw new TemplateError(`Ref ${id}: the local stack does not know its value`);
  return value;
}

function attribute({ references }: ResolverOptions, argument: unknown): unknown {
  const [id, ...names] = typeof argument === 'string' ? argument.split('.') : asArray(argument, 'Fn::GetAtt');
  const logicalId = asString(id, 'Fn::GetAtt');
  const name = names.map((item) => asString(item, 'Fn::GetAtt')).join('.');
  const value = references.attribute(logicalId, name);
  if (value === undefined) throw new TemplateError(`Fn::GetAtt ${logicalId}.${name}: the local stack does not know it`);
  return value;
}

function join([delimiter, items]: readonly unknown[]): string {
  const parts = asArray(items, 'Fn::Join').map((item) => asString(item, 'Fn::Join'));
  return parts.join(asString(delimiter, 'Fn::Join'));
}

interface SubstituteSources {
  readonly text: (value: unknown, what: string) => string;
  readonly ref: (logicalId: string) => unknown;
  readonly attribute: (path: string) => unknown;
}

function substitute(argument: unknown, from: SubstituteSources): string {
  const [pattern, variables] = Array.isArray(argument) ? argument : [argument, {}];
  const given = asObject(variables, 'Fn::Sub');
  return asString(pattern, 'Fn::Sub').replace(/\$\{(!?)([^}]*)\}/g, (_all, literal: string, name: string) => {
    if (literal) return `\${${name}}`;
    if (Object.hasOwn(given, name)) return from.text(given[name], `Fn::Sub ${name}`);
    return asString(name.includes('.') ? from.attribute(name) : from.ref(name), `Fn::Sub ${name}`);
  });
}

function select([index, items]: readonly unknown[]): unknown {
  const value = asArray(items, 'Fn::Select')[Number(index)];
  if (value === undefined) throw new TemplateError(`Fn::Select: no element ${String(index)}`);
  return value;
}

function split([delimiter, value]: readonly unknown[]): readonly string[] {
  return asString(value, 'Fn::Split').split(asString(delimiter, 'Fn::Split'));
}

function findInMap(template: StackTemplate, keys: readonly unknown[]): unknown {
  const [map = '', first = '', second = ''] = keys.map((key) => asString(key, 'Fn::FindInMap'));
  const value = template.Mappings?.[map]?.[first]?.[second];
  if (value === undefined) throw new TemplateError(`Fn::FindInMap: no ${map}.${first}.${second}`);
  return value;
}
