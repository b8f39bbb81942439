// boto3 against the local stack's services: the Python SDK, with its own checks of what it gets.

import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDynamoDb } from '../../../infra/local/dynamodb/dynamodb.ts';
import { startS3 } from '../../../infra/local/s3/s3.ts';
import { installed, sayNotInstalled } from '../../installed.ts';
import { accountId, admin, adminArn, emulatorOptions, kmsWorld, region, stsWorld } from './emulators.ts';

const hasBoto3 = installed('python3', 'tests with boto3') && canImport('boto3');
const RoleArn = `arn:aws:iam::${accountId}:role/deploy`;

function canImport(module: string): boolean {
  const isThere = spawnSync('python3', ['-c', `import ${module}`]).status === 0;
  if (!isThere) sayNotInstalled(module, 'tests with boto3');
  return isThere;
}

const script = `
import boto3, hashlib, json, os
from botocore.exceptions import ClientError

def code(call, **arguments):
    try:
        call(**arguments)
        return 'none'
    except ClientError as error:
        return error.response['Error']['Code']

kms, sts = boto3.client('kms'), boto3.client('sts')
said = {}
key = kms.create_key(KeySpec='RSA_2048', KeyUsage='SIGN_VERIFY', Tags=[{'TagKey': 'a', 'TagValue': 'b'}])['KeyMetadata']
said['state'] = key['KeyState']
said['year'] = key['CreationDate'].year > 2000
use = dict(KeyId=key['Arn'], SigningAlgorithm='RSASSA_PSS_SHA_256')
digest = hashlib.sha256(b'header.payload').digest()
signature = kms.sign(Message=digest, MessageType='DIGEST', **use)['Signature']
said['valid'] = kms.verify(Message=b'header.payload', MessageType='RAW', Signature=signature, **use)['SignatureValid']
said['tampered'] = code(kms.verify, Message=b'header.payloae', MessageType='RAW', Signature=signature, **use)
said['keys'] = [page['KeyId'] == key['KeyId'] for page in kms.get_paginator('list_keys').paginate().search('Keys[]')]
kms.disable_key(KeyId=key['KeyId'])
said['disabled'] = code(kms.sign, Message=b'm', **use)
kms.schedule_key_deletion(KeyId=key['KeyId'], PendingWindowInDays=7)
said['pending'] = code(kms.enable_key, KeyId=key['KeyId'])

role = dict(RoleArn=os.environ['ROLE_ARN'], RoleSessionName='boto3')
issued = sts.assume_role(**role, Tags=[{'Key': 'env', 'Value': 'prod'}], SourceIdentity='ada', DurationSeconds=900)
said['sourceIdentity'] = issued['SourceIdentity']
credentials = issued['Credentials']
said['expires'] = credentials['Expiration'].tzinfo is not None
session = boto3.Session(credentials['AccessKeyId'], credentials['SecretAccessKey'], credentials['SessionToken'])
said['arn'] = session.client('sts').get_caller_identity()['Arn']
said['short'] = code(sts.assume_role, **role, DurationSeconds=3601)
s3 = boto3.client('s3')
bucket = dict(Bucket='of-boto3')
s3.create_bucket(**bucket, ObjectLockEnabledForBucket=True, CreateBucketConfiguration=dict(LocationConstraint=s3.meta.region_name))
rule = dict(DefaultRetention=dict(Mode='GOVERNANCE', Days=1))
s3.put_object_lock_configuration(**bucket, ObjectLockConfiguration=dict(ObjectLockEnabled='Enabled', Rule=rule))
said['rule'] = s3.get_object_lock_configuration(**bucket)['ObjectLockConfiguration']['Rule'] == rule
names = ['a b/%d+(x)*' % number for number in range(3)]
versions = [s3.put_object(**bucket, Key=name, Body=b'body', IfNoneMatch='*')['VersionId'] for name in names]
said['again'] = code(s3.put_object, **bucket, Key=names[0], Body=b'body', IfNoneMatch='*')
said['body'] = s3.get_object(**bucket, Key=names[0])['Body'].read().decode()
said['mode'] = s3.head_object(**bucket, Key=names[0])['ObjectLockMode']
pages = s3.get_paginator('list_objects_v2').paginate(**bucket, Prefix='a b/', PaginationConfig=dict(PageSize=2))
said['listed'] = [item['Key'] for page in pages for item in page['Contents']] == names
said['locked'] = code(s3.delete_object, **bucket, Key=names[0], VersionId=versions[0])
s3.delete_object(**bucket, Key=names[0], VersionId=versions[0], BypassGovernanceRetention=True)
said['versions'] = len(s3.list_object_versions(**bucket)['Versions'])
said['tables'] = boto3.client('dynamodb').list_tables()['TableNames']
print(json.dumps(said))
`;

describe.skipIf(!hasBoto3)(`boto3${hasBoto3 ? '' : ' (NOT INSTALLED, SKIPPED)'}`, () => {
  let kms: Awaited<ReturnType<typeof kmsWorld>>;
  let sts: Awaited<ReturnType<typeof stsWorld>>;
  let dynamoDb: Awaited<ReturnType<typeof startDynamoDb>>;
  let s3: Awaited<ReturnType<typeof startS3>>;

  beforeAll(async () => {
    const roles = [{ arn: RoleArn, trusts: [adminArn] }];
    [kms, sts, dynamoDb, s3] = await Promise.all([
      kmsWorld(),
      stsWorld({ roles }),
      startDynamoDb(emulatorOptions().options),
      startS3({ ...emulatorOptions().options, secretOf: () => admin.secretAccessKey }),
    ]);
  });
  afterAll(() => Promise.all([kms.close(), sts.close(), dynamoDb.close(), s3.close()]));

  it('works with keys, roles, objects and tables as it does with those of AWS', async () => {
    const env = {
      ...process.env,
      AWS_ENDPOINT_URL_KMS: kms.service.url,
      AWS_ENDPOINT_URL_STS: sts.service.url,
      AWS_ENDPOINT_URL_DYNAMODB: dynamoDb.url,
      AWS_ENDPOINT_URL_S3: s3.url,
      AWS_ACCESS_KEY_ID: admin.accessKeyId,
      AWS_SECRET_ACCESS_KEY: admin.secretAccessKey,
      AWS_DEFAULT_REGION: region,
      AWS_CONFIG_FILE: '/dev/null',
      AWS_MAX_ATTEMPTS: '1',
      ROLE_ARN: RoleArn,
    };
    const { stdout } = await promisify(execFile)('python3', ['-c', script], { env });
    expect(JSON.parse(stdout)).toEqual({
      state: 'Enabled',
      year: true,
      valid: true,
      tampered: 'KMSInvalidSignatureException',
      keys: [true],
      disabled: 'DisabledException',
      pending: 'KMSInvalidStateException',
      sourceIdentity: 'ada',
      expires: true,
      arn: `arn:aws:sts::${accountId}:assumed-role/deploy/boto3`,
      short: 'ValidationError',
      rule: true,
      again: 'PreconditionFailed',
      body: 'body',
      mode: 'GOVERNANCE',
      listed: true,
      locked: 'AccessDenied',
      versions: 2,
      tables: [],
    });
  });
});
