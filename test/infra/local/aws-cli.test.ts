// The AWS CLI against the local stack's services: a client of another make.

import { execFile } from 'node:child_process';
import { createPublicKey, verify } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDynamoDb } from '../../../infra/local/dynamodb/dynamodb.ts';
import { installed } from '../../installed.ts';
import { accountId, admin, adminArn, emulatorOptions, kmsWorld, region, stsWorld } from './emulators.ts';

const hasCli = installed('aws', 'tests with the AWS CLI');
const RoleArn = `arn:aws:iam::${accountId}:role/deploy`;
const directory = mkdtempSync(join(tmpdir(), 'cambio-cli-'));
const messageFile = join(directory, 'message');
const run = promisify(execFile);

describe.skipIf(!hasCli)(`the AWS CLI${hasCli ? '' : ' (aws NOT INSTALLED, SKIPPED)'}`, () => {
  let kms: Awaited<ReturnType<typeof kmsWorld>>;
  let sts: Awaited<ReturnType<typeof stsWorld>>;
  let dynamoDb: Awaited<ReturnType<typeof startDynamoDb>>;

  beforeAll(async () => {
    writeFileSync(messageFile, 'header.payload');
    const roles = [{ arn: RoleArn, trusts: [adminArn] }];
    [kms, sts, dynamoDb] = await Promise.all([
      kmsWorld(),
      stsWorld({ roles }),
      startDynamoDb(emulatorOptions().options),
    ]);
  });
  afterAll(async () => {
    rmSync(directory, { recursive: true });
    await Promise.all([kms.close(), sts.close(), dynamoDb.close()]);
  });

  /** Parsed output, or the error line. */
  async function aws(...command: string[]): Promise<unknown> {
    const env = {
      ...process.env,
      AWS_ENDPOINT_URL_KMS: kms.service.url,
      AWS_ENDPOINT_URL_STS: sts.service.url,
      AWS_ENDPOINT_URL_DYNAMODB: dynamoDb.url,
      AWS_ACCESS_KEY_ID: admin.accessKeyId,
      AWS_SECRET_ACCESS_KEY: admin.secretAccessKey,
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      AWS_CONFIG_FILE: join(directory, 'none'),
      AWS_SHARED_CREDENTIALS_FILE: join(directory, 'none'),
      AWS_MAX_ATTEMPTS: '1',
    };
    return run('aws', [...command, '--output', 'json'], { env }).then(
      ({ stdout }) => (stdout.trim() === '' ? {} : (JSON.parse(stdout) as unknown)),
      (error: { readonly stderr: string }) => error.stderr.trim(),
    );
  }

  it('makes a key, finds it by its alias and signs with it', async () => {
    const created = await aws(
      ...['kms', 'create-key', '--key-spec', 'ECC_NIST_P256', '--key-usage', 'SIGN_VERIFY'],
      ...['--tags', 'TagKey=cambio:keyring,TagValue=demo'],
    );
    const { KeyMetadata } = created as { readonly KeyMetadata: { readonly KeyId: string } };
    const alias = ['--alias-name', 'alias/cli', '--target-key-id', KeyMetadata.KeyId];
    expect(await aws('kms', 'create-alias', ...alias)).toEqual({});
    const [signed, shown, tags] = (await Promise.all([
      aws(
        ...['kms', 'sign', '--key-id', 'alias/cli', '--message', `fileb://${messageFile}`],
        ...['--message-type', 'RAW', '--signing-algorithm', 'ECDSA_SHA_256'],
      ),
      aws('kms', 'get-public-key', '--key-id', 'alias/cli'),
      aws('kms', 'list-resource-tags', '--key-id', KeyMetadata.KeyId),
    ])) as [{ readonly Signature: string }, { readonly PublicKey: string }, unknown];
    const key = createPublicKey({ key: Buffer.from(shown.PublicKey, 'base64'), format: 'der', type: 'spki' });
    expect(verify('sha256', Buffer.from('header.payload'), key, Buffer.from(signed.Signature, 'base64'))).toBe(true);
    expect(tags).toMatchObject({ Tags: [{ TagKey: 'cambio:keyring', TagValue: 'demo' }] });
    expect(await aws('kms', 'describe-key', '--key-id', 'alias/other')).toContain('(NotFoundException)');
  });

  it('assumes a role and says who it is', async () => {
    const assume = (arn: string) =>
      aws(
        ...['sts', 'assume-role', '--role-arn', arn, '--role-session-name', 'cli'],
        ...['--tags', 'Key=env,Value=prod', '--transitive-tag-keys', 'env'],
      );
    const [identity, assumed, refused] = await Promise.all([
      aws('sts', 'get-caller-identity'),
      assume(RoleArn),
      assume(`${RoleArn}-other`),
    ]);
    expect(identity).toMatchObject({ Account: accountId, Arn: adminArn });
    expect(assumed).toMatchObject({ AssumedRoleUser: { Arn: `arn:aws:sts::${accountId}:assumed-role/deploy/cli` } });
    expect(refused).toContain('(AccessDenied)');
    expect(refused).toContain(`User: ${adminArn} is not authorized to perform: sts:AssumeRole`);
  });

  it('lists tables', async () => {
    expect(await aws('dynamodb', 'list-tables')).toEqual({ TableNames: [] });
  });
});
