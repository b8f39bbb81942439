// A CloudFormation custom resource without a framework: does its work on Create and Update, answers to the event's
// one-time ResponseURL. One HTTPS request.
import type { CloudFormationCustomResourceEvent } from 'aws-lambda';

const { request: requestHttps } = process.getBuiltinModule('node:https');
const { request: requestHttp } = process.getBuiltinModule('node:http');

const maxReasonLength = 1_000;

/**
 * The Lambda handler of a custom resource. Deletion does nothing: what the resource wrote belongs to a table that
 * outlives the stack.
 * @param work what it answers are the resource's attributes; of an update it gets the earlier properties too
 * @param physicalId stays the same for ever, so that CloudFormation never replaces the resource
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
 */
export function customResource(
  physicalId: string,
  work: (properties: Properties, before: Properties | undefined) => Promise<Attributes>,
) {
  return async (event: CloudFormationCustomResourceEvent): Promise<void> => {
    const { StackId, RequestId, LogicalResourceId, ResourceProperties } = event;
    const before = event.RequestType === 'Update' ? event.OldResourceProperties : undefined;
    const outcome =
      event.RequestType === 'Delete' ? succeeded : await outcomeOf(() => work(ResourceProperties, before));
    const answer = { ...outcome, PhysicalResourceId: physicalId, StackId, RequestId, LogicalResourceId };
    await put(event.ResponseURL, JSON.stringify(answer));
  };
}

type Properties = Readonly<Record<string, unknown>>;
type Attributes = Readonly<Record<string, string>> | undefined;

const succeeded = { Status: 'SUCCESS' } as const;

async function outcomeOf(work: () => Promise<Attributes>) {
  try {
    return { ...succeeded, Data: await work() };
  } catch (error) {
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : 'failed';
    return { Status: 'FAILED', Reason: reason.slice(0, maxReasonLength) } as const;
  }
}

// The URL is presigned: it is a secret and must not be logged. A content type would break its signature.
function put(url: string, body: string): Promise<void> {
  const { protocol } = new URL(url);
  const request = protocol === 'http:' ? requestHttp : requestHttps;
  const headers = { 'Content-Type': '', 'Content-Length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'PUT', headers, timeout: 5_000 }, (response) => {
      response.resume();
      if (response.statusCode === 200) resolve();
      else reject(new Error(`CloudFormation took the answer with status ${response.statusCode}`));
    });
    sent.on('timeout', () => sent.destroy(new Error('CloudFormation did not take the answer in time')));
    sent.on('error', reject);
    sent.end(body);
  });
}
