// Keys that a rotation made and nothing names: it was killed between making one and writing it down. Network, by the calls of AWS.
import { callAdmin } from '../admin-call.ts';
import type { Aws } from './aws-call.ts';
import type { Check, Deployment } from './deployment.ts';
import { unknown, well, wrong } from './finding.ts';

const keyringTag = 'cambio:keyring';
/** Pages of a hundred. */
const mostPages = 20;

interface Tagged {
  readonly arn: string;
  readonly keyring: string | undefined;
}

export const strayKeys: Check = async ({ aws, server, machine, resources }) => {
  const ofStack = new Set(await resources('AWS::KMS::Key'));
  const tagged = await taggedKeys(aws);
  const isOfStack = ({ arn }: Tagged): boolean => ofStack.has(idOf(arn));
  const keyring = tagged.find(isOfStack)?.keyring;
  if (keyring === undefined) return unknown('no key of the stack has the tag of a keyring');
  const made = tagged.filter((key) => key.keyring === keyring && !isOfStack(key));
  const named = made.length === 0 ? new Set() : await namedKeys({ server, machine });
  const nameless = made.flatMap(({ arn }) => (named.has(arn) ? [] : arn));
  const states = await Promise.all(nameless.map((arn) => stateOf(arn, aws)));
  const stray = nameless.filter((_arn, index) => states[index] === 'Enabled');
  if (stray.length === 0) return well(`none of ${made.length} keys that the template does not have`);
  const advice = 'they sign nothing and cost $1 a month each: aws kms schedule-key-deletion --key-id ARN';
  return wrong(`in no keyring: ${stray.join(', ')}`, advice);
};

async function taggedKeys(aws: Aws): Promise<readonly Tagged[]> {
  const found: Tagged[] = [];
  let token = '';
  for (let page = 0; page < mostPages; page += 1) {
    const { ResourceTagMappingList: list, PaginationToken: next } = await aws.json('tagging', 'GetResources', {
      ...{ ResourceTypeFilters: ['kms:key'], TagFilters: [{ Key: keyringTag }] },
      ...(token !== '' && { PaginationToken: token }),
    });
    for (const { ResourceARN: arn, Tags } of listed(list)) {
      const tag = listed(Tags).find(({ Key }) => Key === keyringTag);
      found.push({ arn: String(arn), keyring: tag === undefined ? undefined : String(tag['Value']) });
    }
    token = typeof next === 'string' ? next : '';
    if (token === '') return found;
  }
  return found;
}

async function namedKeys({ server, machine }: Pick<Deployment, 'server' | 'machine'>): Promise<ReadonlySet<unknown>> {
  const call = { method: 'GET', url: server.at('/admin/keys'), action: 'GET /admin/keys' } as const;
  const { keys } = (await callAdmin(call, machine)).json;
  return new Set(listed(keys).map(({ key_id: id }) => id));
}

async function stateOf(KeyId: string, aws: Aws): Promise<unknown> {
  const { KeyMetadata } = await aws.json('kms', 'DescribeKey', { KeyId });
  return { ...Object(KeyMetadata) }.KeyState;
}

function idOf(arn: string): string {
  return arn.split('/').at(-1) ?? '';
}

function listed(list: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(list) ? list.map((each) => ({ ...Object(each) })) : [];
}
