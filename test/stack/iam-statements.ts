// IAM statements, and whether they allow a call that an emulator recorded.
import type { RecordedCall } from '../../infra/local/protocol/calls.ts';
import type { LocalStack } from '../../infra/local/stack.ts';
import { resourcesOfType } from '../../infra/local/template/stack-template.ts';
import { matchesGlob } from '../../shared/policy/glob.ts';

export interface Statement {
  /** ARN of who has it. */
  readonly role: string;
  readonly effect: 'Allow' | 'Deny';
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly condition: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** A policy document as templates and IAM have it. */
export interface PolicyDocument {
  readonly Statement: readonly {
    readonly Effect: 'Allow' | 'Deny';
    readonly Action: string | readonly string[];
    readonly Resource: string | readonly string[];
    readonly Condition?: Statement['condition'];
  }[];
}

/** What the template gives the roles of its functions. */
export function statementsOf({ template, resolve }: Pick<LocalStack, 'template' | 'resolve'>): readonly Statement[] {
  return resourcesOfType(template, 'AWS::IAM::Policy').flatMap(([, { Properties = {} }]) => {
    const { Roles, PolicyDocument } = resolve(Properties) as { Roles: string[]; PolicyDocument: PolicyDocument };
    return Roles.flatMap((role) => statementsIn(PolicyDocument, `arn:aws:iam::111122223333:role/${role}`));
  });
}

/** The statements of a document that `role` has. */
export function statementsIn({ Statement }: PolicyDocument, role: string): readonly Statement[] {
  return Statement.map(({ Effect, Action, Resource, Condition }) => ({
    role,
    effect: Effect,
    actions: [Action].flat(),
    resources: [Resource].flat(),
    condition: Condition ?? {},
  }));
}

export function allows(all: readonly Statement[], call: RecordedCall): boolean {
  const fitting = all.filter((statement) => applies(statement, call));
  return fitting.some(({ effect }) => effect === 'Allow') && !fitting.some(({ effect }) => effect === 'Deny');
}

function applies({ role, actions, resources, condition }: Statement, call: RecordedCall): boolean {
  return (
    role === call.principal &&
    actions.some((action) => action === '*' || action === call.action) &&
    resources.some((resource) => like(resource, call.resource)) &&
    Object.entries(condition).every(([operator, keys]) =>
      Object.entries(keys).every(([key, wanted]) => holds(operator, call.context[key], [wanted].flat())),
    )
  );
}

/** The operators that Cambio uses; another one fails the test rather than being passed over. */
function holds(operator: string, got: string | undefined, wanted: readonly string[]): boolean {
  switch (operator) {
    case 'StringEquals':
      return got !== undefined && wanted.includes(got);
    case 'ForAllValues:StringEquals':
      return (got?.split(',') ?? []).every((value) => wanted.includes(value));
    case 'StringLike':
      return got !== undefined && wanted.some((pattern) => like(pattern, got));
    case 'ForAllValues:StringLike':
      return (got?.split(',') ?? []).every((value) => wanted.some((pattern) => like(pattern, value)));
    case 'Null':
      return wanted.includes(String(got === undefined));
    case 'DateLessThan':
      return got !== undefined && wanted.some((time) => Date.parse(got) < Date.parse(time));
    default:
      throw new Error(`no evaluation of ${operator}`);
  }
}

/** IAM's star crosses everything, as our `**` does. */
function like(pattern: string, text: string): boolean {
  return matchesGlob(pattern.replaceAll('*', '**'), text);
}
