// The deployment that a list of checks looks at: the server, and what CloudFormation says is in its stack. Network, through fetch.
import type { Machine } from '../machine.ts';
import type { Server } from '../server.ts';
import { UsageError } from '../usage.ts';
import { elementOf } from '../xml-element.ts';
import type { Aws } from './aws-call.ts';
import type { Found } from './finding.ts';
import type { Checked, Metadata } from './server-checks.ts';

export interface StackFacts {
  readonly status: string;
  readonly isProtected: boolean;
  /** Outputs and parameters by their keys. */
  readonly outputs: ReadonlyMap<string, string>;
  readonly parameters: ReadonlyMap<string, string>;
}

export interface Deployment {
  readonly server: Server;
  readonly machine: Machine;
  readonly aws: Aws;
  /** @throws UsageError when the server is none */
  readonly metadata: () => Metadata;
  /** @throws CallFailed, UsageError without `--stack` */
  readonly stack: () => Promise<StackFacts>;
  /** Physical ids of the construct's resources of a type, asked once: its stack may have others. @throws likewise */
  readonly resources: (type: string) => Promise<readonly string[]>;
}

/** @throws CallFailed, UsageError: it could not be looked at */
export type Check = (deployment: Deployment) => Promise<Found>;

interface Given extends Pick<Deployment, 'server' | 'machine' | 'aws'> {
  readonly stack: string | undefined;
  readonly checked: Checked;
}

export function deploymentOf({ server, machine, aws, stack, checked }: Given): Deployment {
  const named = (): string => {
    if (stack === undefined) throw new UsageError('--stack NAME says which stack of CloudFormation it is');
    return stack;
  };
  let facts: Promise<StackFacts> | undefined;
  let resources: Promise<readonly Resource[]> | undefined;
  const stackOf = (): Promise<StackFacts> => {
    facts ??= aws.cloudFormation('DescribeStacks', { StackName: named() }).then(stackFacts);
    return facts;
  };
  return {
    server,
    machine,
    aws,
    metadata: () => {
      if (!checked.metadata) throw new UsageError('the server has no discovery document');
      return checked.metadata;
    },
    stack: async () => stackOf(),
    resources: async (type) => {
      const prefix = constructIn(await stackOf());
      resources ??= listResources(aws, named());
      const found = (await resources).filter((each) => each.type === type && each.logicalId.startsWith(prefix));
      return found.flatMap(({ id }) => (id === undefined ? [] : [id]));
    },
  };
}

/** How the logical ids of the construct begin: as those of its outputs; with nothing, where the outputs have names of their own. */
function constructIn({ outputs }: StackFacts): string {
  const [, prefix = ''] =
    /^(.*?)OutputsApiBase/.exec([...outputs.keys()].find((key) => /ApiBase/.test(key)) ?? '') ?? [];
  return prefix;
}

interface Resource {
  readonly logicalId: string;
  readonly type: string | undefined;
  /** Absent of one that was never made. */
  readonly id: string | undefined;
}

/** A stack has 500 resources at most, and a page 100 of them. */
const mostPages = 10;

async function listResources(aws: Aws, stack: string): Promise<readonly Resource[]> {
  const found: Resource[] = [];
  let next: string | undefined;
  for (let page = 0; page < mostPages; page += 1) {
    const input = { StackName: stack, ...(next !== undefined && { NextToken: next }) };
    const xml = await aws.cloudFormation('ListStackResources', input);
    found.push(...membersOf(xml).map((each) => resourceOf(each)));
    next = elementOf(xml, 'NextToken');
    if (next === undefined) return found;
  }
  return found;
}

function resourceOf(member: string): Resource {
  const isGone = /^DELETE_(?:COMPLETE|SKIPPED)$/.test(elementOf(member, 'ResourceStatus') ?? '');
  const logicalId = elementOf(member, 'LogicalResourceId') ?? '';
  return {
    logicalId,
    type: elementOf(member, 'ResourceType'),
    id: isGone ? undefined : elementOf(member, 'PhysicalResourceId'),
  };
}

function stackFacts(xml: string): StackFacts {
  const members = membersOf(xml);
  const pairs = (key: string, value: string) =>
    new Map(
      members.flatMap((each): [string, string][] => {
        const name = elementOf(each, key);
        return name === undefined ? [] : [[name, elementOf(each, value) ?? '']];
      }),
    );
  return {
    status: elementOf(xml, 'StackStatus') ?? 'unknown',
    isProtected: elementOf(xml, 'EnableTerminationProtection') === 'true',
    outputs: pairs('OutputKey', 'OutputValue'),
    parameters: pairs('ParameterKey', 'ParameterValue'),
  };
}

/** CloudFormation speaks XML, of which these answers are flat enough to be read so: innermost members, one after the other. */
function membersOf(xml: string): readonly string[] {
  return xml.split('<member>').slice(1);
}
