// Custom resources of the template: sends their functions CloudFormation's events and waits for the answers.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html
import { randomUUID } from 'node:crypto';
import type { GatewayAnswer, GatewayRequest } from './gateway/message.ts';
import type { Invoke } from './lambda/running-functions.ts';
import { StartError } from './start-error.ts';
import { type Physical, pseudoParameters } from './template/deployment.ts';
import type { StackState } from './template/stack-state.ts';
import { asObject, isObject, type Properties, type StackTemplate, TemplateError } from './template/stack-template.ts';
import { within } from './within.ts';

export interface CustomResourcesOptions {
  readonly template: StackTemplate;
  readonly resolve: (value: unknown) => unknown;
  readonly created: Map<string, Physical>;
  readonly state: StackState;
  readonly invoke: Invoke;
  /** URLs that take one answer each. */
  readonly answers: AnswerUrls;
  /** Where the stack listens, which the functions have in their environment: where it is another, what they made is made again. */
  readonly origin: string;
}

/** One-time URLs for the answers of custom resources, in place of CloudFormation's presigned ones. */
export interface AnswerUrls {
  readonly open: () => { readonly url: string; readonly answer: Promise<unknown>; readonly cancel: () => void };
  /** Takes a request to one of the URLs; undefined if it is none of them. */
  readonly take: (request: GatewayRequest) => GatewayAnswer | undefined;
}

const answerPrefix = '/_local/cloudformation/';
// A function that has ended has sent its answer; only the bytes may still be on their way.
const graceMs = 5_000;

/** `origin` is where the stack itself listens. */
export function createAnswerUrls(origin: string): AnswerUrls {
  const open = new Map<string, (answer: unknown) => void>();
  return {
    open: () => {
      const path = `${answerPrefix}${randomUUID()}`;
      const answer = new Promise<unknown>((resolve) => open.set(path, resolve));
      return { url: `${origin}${path}`, answer, cancel: () => open.delete(path) };
    },
    take: ({ method, path, body }) => {
      const settle = method === 'PUT' ? open.get(path) : undefined;
      if (!settle) return undefined;
      open.delete(path);
      settle(parseJson(body.toString('utf8')));
      return { status: 200, headers: [], body: '' };
    },
  };
}

/** Creates them one after another, each after those it depends on. @throws StartError with the reason of one that fails */
export async function runCustomResources(options: CustomResourcesOptions): Promise<void> {
  const all = Object.entries(options.template.Resources).filter(([, { Type }]) => isCustom(Type));
  const pending = new Map(all);
  while (pending.size > 0) {
    const next = [...pending].find(
      ([id, resource]) => ![...pending.keys()].some((other) => other !== id && mentions(resource, other)),
    );
    if (!next) throw new TemplateError('custom resources depend on each other');
    await runCustomResource(options, next[0]);
    pending.delete(next[0]);
  }
}

function isCustom(type: string): boolean {
  return type === 'AWS::CloudFormation::CustomResource' || type.startsWith('Custom::');
}

async function runCustomResource(options: CustomResourcesOptions, id: string): Promise<void> {
  const { template, resolve, state, created, origin } = options;
  const said = template.Resources[id]?.Properties;
  const properties = asObject(withStrings(resolve(said)), id);
  // What the template says has in it which code a version is of.
  const madeWith = JSON.stringify({ properties, said, origin });
  const earlier = state.find(id);
  const unchanged = earlier?.madeWith === madeWith ? earlier : undefined;
  const physical =
    unchanged ??
    (await request(options, id, {
      RequestType: earlier ? 'Update' : 'Create',
      ResourceProperties: properties,
      ...(earlier && {
        PhysicalResourceId: earlier.ref,
        OldResourceProperties: asObject(JSON.parse(earlier.madeWith), id).properties,
      }),
    }));
  created.set(id, physical);
  state.remember(id, { ...physical, madeWith });
}

async function request(options: CustomResourcesOptions, id: string, change: Properties): Promise<Physical> {
  const serviceToken = String(asObject(change.ResourceProperties, id).ServiceToken);
  const { url, answer, cancel } = options.answers.open();
  const event = {
    ...change,
    ServiceToken: serviceToken,
    ResponseURL: url,
    StackId: pseudoParameters['AWS::StackId'],
    RequestId: randomUUID(),
    LogicalResourceId: id,
    ResourceType: options.template.Resources[id]?.Type,
  };
  const result = await options.invoke(serviceToken, JSON.stringify(event));
  if (!result.ok) throw new StartError(`custom resource ${id}: its function failed: ${result.message}`);
  const response = await within(graceMs, answer);
  cancel();
  return physicalOf(id, response);
}

function physicalOf(id: string, response: unknown): Physical {
  if (!isObject(response))
    throw new StartError(`custom resource ${id}: its function sent no answer to the ResponseURL`);
  const { Status, Reason, PhysicalResourceId, Data } = response;
  if (Status !== 'SUCCESS')
    throw new StartError(`custom resource ${id} failed: ${String(Reason ?? 'no reason given')}`);
  if (typeof PhysicalResourceId !== 'string') throw new StartError(`custom resource ${id}: no PhysicalResourceId`);
  return { ref: PhysicalResourceId, attributes: isObject(Data) ? Data : {} };
}

// CloudFormation hands every scalar of the properties over as a string.
function withStrings(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withStrings);
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withStrings(item)]));
  return value === null || value === undefined ? value : String(value);
}

function mentions(resource: unknown, logicalId: string): boolean {
  const text = JSON.stringify(resource);
  return text.includes(`"${logicalId}"`) || text.includes(`"${logicalId}.`) || text.includes(`\${${logicalId}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
