// A CloudFormation custom resource without a framework: does its work on Create and Update, answers to the event's
// one-time ResponseURL. One HTTPS request.
import type { CloudFormationCustomResourceEvent } from 'aws-lambda';

const { request: requestHttps } = process.getBuiltinModule('node:https');
const { request: requestHttp } = process.getBuiltinModule('node:http');

const maxReasonLength = 1_000;

/**
 * The Lambda handler of a custom resource. Deletion does nothing: what the resource wrote belongs to a table that
 * outlives the stack.
 * @param physicalId stays the same for ever, so that CloudFormation never replaces the resource
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
 */
export function customResource(
  physicalId: string,
  work: (properties: Readonly<Record<string, unknown>>) => Promise<void>,
) {
  return async (event: CloudFormationCustomResourceEvent): Promise<void> => {
    const failure = event.RequestType === 'Delete' ? undefined : await failureOf(() => work(event.ResourceProperties));
    const { StackId, RequestId, LogicalResourceId } = event;
    const status = failure === undefined ? 'SUCCESS' : 'FAILED';
    const answer = { Status: status, PhysicalResourceId: physicalId, StackId, RequestId, LogicalResourceId };
    await put(event.ResponseURL, JSON.stringify({ ...answer, ...(failure !== undefined && { Reason: failure }) }));
  };
}

async function failureOf(work: () => Promise<void>): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return (error instanceof Error ? `${error.name}: ${error.message}` : 'failed').slice(0, maxReasonLength);
  }
}

// The URL is presigned: it is a secret, goes into no log, and a content type would break its signature.
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
