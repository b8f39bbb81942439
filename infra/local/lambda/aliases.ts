// Aliases of the template's functions: which version a call of one gets, by its weights. Pure.
// https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html

import {
  asArray,
  asObject,
  asString,
  resourcesOfType,
  type StackTemplate,
  TemplateError,
} from '../template/stack-template.ts';

/** A second version that an alias sends a share of its calls to. */
export interface Share {
  readonly version: string;
  /** From 0 to 1. */
  readonly weight: number;
}

export interface Alias {
  /** ARN of the function without a qualifier. */
  readonly functionArn: string;
  readonly name: string;
  readonly version: string;
  readonly share?: Share | undefined;
}

export function aliasesOf(template: StackTemplate, resolve: (value: unknown) => unknown): readonly Alias[] {
  return resourcesOfType(template, 'AWS::Lambda::Alias').map(([id, { Properties }]) => {
    const properties = asObject(resolve(Properties), id);
    const arn = asString(resolve({ Ref: id }), id);
    const share = shareOf(properties.RoutingConfig, id);
    return {
      functionArn: arn.slice(0, arn.lastIndexOf(':')),
      name: asString(properties.Name, `${id}.Name`),
      version: asString(properties.FunctionVersion, `${id}.FunctionVersion`),
      ...(share && { share }),
    };
  });
}

function shareOf(routing: unknown, id: string): Share | undefined {
  const weights = asArray(asObject(routing, `${id}.RoutingConfig`).AdditionalVersionWeights, `${id}.RoutingConfig`);
  const [first, second] = weights;
  if (first === undefined) return undefined;
  const { FunctionVersion, FunctionWeight } = asObject(first, `${id}.RoutingConfig`);
  const share = { version: asString(FunctionVersion, `${id} version`), weight: Number(FunctionWeight) };
  if (second !== undefined || !isWeight(share.weight))
    throw new TemplateError(`${id}: an alias weights one version more`);
  return share;
}

export function isWeight(weight: number): boolean {
  return weight >= 0 && weight <= 1;
}

/** The version that one call gets. @param random from 0 up to 1 */
export function versionOf({ version, share }: Alias, random: number): string {
  return share && random < share.weight ? share.version : version;
}
