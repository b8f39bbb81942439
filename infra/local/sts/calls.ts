// An STS request as the calls IAM would evaluate. The input is not checked yet, so everything is best effort. Pure.

import type { RecordedCall } from '../protocol/calls.ts';
import type { QueryRequest } from '../protocol/query-protocol.ts';
import { assumeRoleActions, type StsCaller } from './assume-role.ts';

export interface StsCallRequest {
  readonly caller: StsCaller;
  readonly request: QueryRequest;
  /** The parameters as the operation's input. */
  readonly input: object;
  /** Milliseconds. */
  readonly at: number;
}

/** One call per IAM action. */
export function stsCalls({ caller, request, input, at }: StsCallRequest): readonly RecordedCall[] {
  const call = (action: string): RecordedCall => ({
    at,
    service: 'sts',
    principal: caller.principal,
    action,
    resource: request.parameters.get('RoleArn') ?? '*',
    context: stsContext(caller, request.parameters),
  });
  return request.action === 'AssumeRole' ? assumeRoleActions(caller, input).map(call) : [call(`sts:${request.action}`)];
}

const plainKeys = ['RoleSessionName', 'ExternalId', 'SourceIdentity'];

function stsContext({ session }: StsCaller, parameters: QueryRequest['parameters']): Readonly<Record<string, string>> {
  const plain = plainKeys.flatMap((name) => entryOf(`sts:${name}`, parameters.get(name)));
  const indexed = [...parameters].flatMap(([name, key]) => {
    const [, index] = /^Tags\.member\.(\d+)\.Key$/.exec(name) ?? [];
    return index === undefined ? [] : [{ key, value: parameters.get(`Tags.member.${index}.Value`) ?? '' }];
  });
  const tags = [...(session?.transitiveTags.values() ?? []), ...indexed];
  const transitive = [...parameters].filter(([name]) => name.startsWith('TransitiveTagKeys.member.'));
  const transitiveKeys = [...(session?.transitiveTags.keys() ?? []), ...transitive.map(([, key]) => key)];
  return Object.fromEntries([
    ...plain,
    ...entryOf('sts:IdentityTokenAudience', parameters.get('Audience.member.1')),
    ...tags.map(({ key, value }) => [`aws:RequestTag/${key}`, value] as const),
    ...entryOf('aws:TagKeys', tags.map(({ key }) => key).join(',')),
    ...entryOf('sts:TransitiveTagKeys', transitiveKeys.join(',')),
  ]);
}

function entryOf(name: string, value: string | undefined): readonly (readonly [string, string])[] {
  return value ? [[name, value]] : [];
}
