// Each role's ARN, from the policy or from TypeScript; what CDK knows only at deploy becomes a hole. Pure.
import type { ValueHole } from '../../shared/policy/compiled-policy.ts';
import { parseRoleArn } from '../../shared/policy/role-arn.ts';
import type { CompileOptions } from './compile-options.ts';
import type { Entry, MergedPolicy } from './schema/merge.ts';
import type { RoleEntry } from './schema/schema.ts';
import { type Diagnostic, quote } from './source/diagnostic.ts';
import { didYouMean } from './source/did-you-mean.ts';
import { below, errorAt, keyOf, locationOf, type Place, warningAt } from './source/place.ts';

export interface ResolvedArns {
  /** By role name. */
  readonly arns: ReadonlyMap<string, string | ValueHole>;
  /** What POLICY_VALUES has to carry, by name of the hole. */
  readonly values: Readonly<Record<string, string>>;
  readonly diagnostics: readonly Diagnostic[];
}

interface ResolvedArn {
  readonly name: string;
  readonly place: Place;
  readonly arn?: string | ValueHole;
  readonly value?: string;
  readonly finding?: Diagnostic;
}

export function resolveArns(policy: MergedPolicy, options: CompileOptions): ResolvedArns {
  const resolved = policy.roles.map((entry) => resolveArn(entry, options));
  return {
    arns: new Map(resolved.flatMap(({ name, arn }) => (arn === undefined ? [] : [[name, arn]]))),
    values: Object.fromEntries(
      resolved.flatMap(({ name, value }) => (value === undefined ? [] : [[holeName(name), value]])),
    ),
    diagnostics: [
      ...resolved.flatMap(({ finding }) => finding ?? []),
      ...danglingArns(policy, options),
      ...doubledArns(resolved),
      ...otherPartitions(resolved),
    ],
  };
}

function resolveArn({ name, value, place }: Entry<RoleEntry>, options: CompileOptions): ResolvedArn {
  const { roleArns = {}, isUnresolved = () => false } = options;
  const given = Object.hasOwn(roleArns, name) ? roleArns[name] : undefined;
  const at = below(place, 'arn');
  const role = { name, place: at };
  if (value.arn !== undefined && given !== undefined) {
    return {
      ...role,
      finding: errorAt(keyOf(at), `the arn of role ${quote(name)} comes from TypeScript too`, 'keep one'),
    };
  }
  const arn = value.arn ?? given;
  if (arn === undefined) {
    const finding = noArn(keyOf(place), name, options);
    return options.urlsComeLater ? { ...role, arn: { $value: holeName(name) }, finding } : { ...role, finding };
  }
  if (given !== undefined && isUnresolved(given)) return { ...role, arn: { $value: holeName(name) }, value: given };
  if (parseRoleArn(arn)) return { ...role, arn };
  return { ...role, finding: errorAt(at, `${quote(arn)} is not the ARN of one role`, arnHint) };
}

const arnHint = 'write arn:aws:iam::ACCOUNT:role/PATH/NAME, without wildcards';

function noArn(place: Place, name: string, { urlsComeLater = false, local = false }: CompileOptions): Diagnostic {
  const message = `role ${quote(name)} has no arn: it must come from TypeScript`;
  const report = urlsComeLater ? warningAt : errorAt;
  const given = local ? `--value ${name}=ARN to npm start` : `roles: { ${quote(name)}: … } to the construct`;
  return report(place, message, `add "arn:", or give ${given}`);
}

function danglingArns({ roles, files }: MergedPolicy, { roleArns = {} }: CompileOptions): Diagnostic[] {
  const names = roles.map(({ name }) => name);
  const [file] = files;
  if (file === undefined) return [];
  return Object.keys(roleArns)
    .filter((name) => !names.includes(name))
    .map((name) =>
      errorAt(file, `TypeScript gives an arn for ${quote(name)}, which is no role`, didYouMean(name, names)),
    );
}

/** A request may name a role by its ARN. Values known only at deploy are compared by their tokens. */
function doubledArns(resolved: readonly ResolvedArn[]): Diagnostic[] {
  const seen = new Map<string, Place>();
  return resolved.flatMap(({ arn, value, place }) => {
    const text = typeof arn === 'string' ? arn : value;
    if (text === undefined) return [];
    const earlier = seen.get(text);
    seen.set(text, place);
    if (earlier === undefined) return [];
    return [
      errorAt(
        place,
        `this role is already another one at ${locationOf(earlier)}`,
        'a request could not tell them apart',
      ),
    ];
  });
}

/** One STS serves one partition. */
function otherPartitions(resolved: readonly ResolvedArn[]): Diagnostic[] {
  const known = resolved.flatMap(({ arn, place }) => {
    const partition = typeof arn === 'string' ? parseRoleArn(arn)?.partition : undefined;
    return partition === undefined ? [] : [{ partition, place }];
  });
  const [first] = known;
  return known
    .filter(({ partition }) => partition !== first?.partition)
    .map(({ partition, place }) =>
      errorAt(
        place,
        `this role is in partition ${partition}, others are in ${first?.partition}`,
        'one deployment serves one partition',
      ),
    );
}

function holeName(role: string): string {
  return `roles.${role}.arn`;
}
