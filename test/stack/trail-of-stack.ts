// The audit trail of a running stack, as an auditor with rights to its bucket reads it.
import { createS3Client } from '../../infra/local/s3/client.ts';
import type { LocalStack } from '../../infra/local/stack.ts';
import { region } from '../../infra/local/template/deployment.ts';
import { deployerClient } from '../../infra/local/template/provision.ts';
import { resourcesOfType } from '../../infra/local/template/stack-template.ts';
import { type TrailReport, verifyTrail } from '../../shared/audit/verify-trail.ts';
import type { Claims } from '../../shared/policy/claims.ts';
import { cambioIn, inTheWorld } from '../cli/cambio.ts';

/** Runs a function of the trail as its schedule does: `HeadsSigner`, `SweepSweeper`. */
export async function runTrail(stack: LocalStack, name: string, event: object = {}): Promise<void> {
  const [alias] = resourcesOfType(stack.template, 'AWS::Lambda::Alias').filter(([id]) => id.includes(`${name}Live`));
  const answer = await stack.invoke(String(stack.resolve({ Ref: alias?.[0] })), JSON.stringify(event));
  if (!answer.ok) throw new Error(`${name} failed: ${JSON.stringify(answer)}`);
}

export function trailBucketOf(stack: LocalStack): string {
  const [bucket] = resourcesOfType(stack.template, 'AWS::S3::Bucket').filter(([id]) => id.includes('TrailBucket'));
  return String(stack.resolve({ Ref: bucket?.[0] }));
}

/** Everything that was written is in the trail, and signed. */
export async function signTrail(stack: LocalStack): Promise<void> {
  await stack.delivered();
  await runTrail(stack, 'HeadsSigner');
}

/** What `cambio audit verify` does, with its events. */
export async function readTrail(stack: LocalStack): Promise<TrailReport & { readonly found: readonly Claims[] }> {
  const bucket = trailBucketOf(stack);
  const call = createS3Client(deployerClient(stack.s3));
  const found: Claims[] = [];
  const names = async (): Promise<readonly string[]> => {
    const all: string[] = [];
    for (let after = ''; ; after = all.at(-1) ?? '') {
      const query = { 'list-type': '2', ...(after && { 'start-after': after }) };
      const xml = (await call({ method: 'GET', bucket, query })).body.toString();
      all.push(...[...xml.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key = '']) => key));
      if (!xml.includes('<IsTruncated>true')) return all;
    }
  };
  const read = async (key: string): Promise<Uint8Array> => (await call({ method: 'GET', bucket, key })).body;
  const until = Math.floor(Date.now() / 1_000);
  const report = await verifyTrail({ names, read }, { until, onEvent: (event) => void found.push(event) });
  return { ...report, found };
}

/** The command, with the keys of who deployed the stack. */
export function verifyByCommand(stack: LocalStack, ...words: readonly string[]) {
  const { accessKeyId, secretAccessKey } = deployerClient(stack.s3).credentials;
  const environment = {
    ...{ AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
    ...{ AWS_REGION: region, AWS_ENDPOINT_URL_S3: stack.s3 },
  };
  return cambioIn(inTheWorld(environment), 'audit', 'verify', '--trail', `s3://${trailBucketOf(stack)}`, ...words);
}
