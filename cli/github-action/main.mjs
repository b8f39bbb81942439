// The action: hands the job what `cambio`, which lies beside it, gets for it.
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { cambio, fail, flag, input, mask, write } from './runner.mjs';

const url = input('url') || fail('the input url is missing');
const [role, audience, scope, tokenAudience] = ['role', 'audience', 'scope', 'token-audience'].map(input);
if (!role && !audience) fail('give role, audience or both');
const region = input('aws-region');
if (!/^[a-z0-9-]*$/.test(region)) fail('aws-region is no region');
const duration = durationOf(input('role-duration-seconds'));
const [masksAccount, isOutput, isEnvironment] = [
  'mask-aws-account-id',
  'output-credentials',
  'output-env-credentials',
].map(flag);

const [isBound, givenKey] = [flag('dpop'), input('dpop-key')];
if (isBound && givenKey) fail('give one of dpop and dpop-key');
if ((isBound || givenKey) && !audience)
  fail('dpop is for the token of an audience; AWS credentials are keys themselves');

const asked = tokenAudience ? ['--token-audience', tokenAudience] : [];
const options = { url, stdout: 'pipe' };

if (role) {
  const { status, stdout } = cambio(['aws', '--role', role, '--format', 'container', ...asked], options);
  if (status !== 0) fail(`no AWS credentials of ${role}; the lines above say why`);
  handOver(JSON.parse(stdout));
}

if (audience) {
  const scoped = scope ? ['--scope', scope] : [];
  const key = isBound ? newKey() : givenKey && resolve(givenKey);
  const proved = key ? ['--dpop-key', key] : [];
  const { status, stdout } = cambio(['exchange', '--audience', audience, ...scoped, ...proved, ...asked], options);
  const token = stdout?.trim() ?? '';
  if (status !== 0 || !/^[\x21-\x7e]+$/.test(token)) fail(`no token for ${audience}; the lines above say why`);
  mask(token);
  // The state first: what cannot be revoked later is not handed out.
  write('GITHUB_STATE', { token, url, audience: tokenAudience });
  write('GITHUB_OUTPUT', { token, ...(key && { 'dpop-key': key }) });
}

/** Of this job alone: what came to be known of it later is of no use with a token that has ended. */
function newKey() {
  const folder = mkdtempSync(join(process.env.RUNNER_TEMP || tmpdir(), 'cambio-'));
  write('GITHUB_STATE', { folder });
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const file = join(folder, 'dpop-key.pem');
  writeFileSync(file, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
  return file;
}

function handOver({ AccessKeyId, SecretAccessKey, Token, Expiration, AccountId = '' }) {
  for (const secret of [AccessKeyId, SecretAccessKey, Token]) mask(secret);
  if (masksAccount) mask(AccountId || fail('the account of the role is not known, and cannot be masked'));
  const life = (Date.parse(Expiration) - Date.now()) / 1_000;
  // A minute is what the way here may take.
  if (life < duration - 60) {
    fail(
      `the policy lets ${role} live ${Math.round(life)} s, and role-duration-seconds asks for ${duration}: see ttl and outlive of its rule`,
    );
  }
  write('GITHUB_OUTPUT', { 'aws-account-id': AccountId, 'aws-expiration': Expiration });
  if (isOutput) {
    write('GITHUB_OUTPUT', {
      'aws-access-key-id': AccessKeyId,
      'aws-secret-access-key': SecretAccessKey,
      'aws-session-token': Token,
    });
  }
  if (!isEnvironment) return;
  write('GITHUB_ENV', {
    AWS_ACCESS_KEY_ID: AccessKeyId,
    AWS_SECRET_ACCESS_KEY: SecretAccessKey,
    AWS_SESSION_TOKEN: Token,
    AWS_CREDENTIAL_EXPIRATION: Expiration,
    ...(region && { AWS_REGION: region, AWS_DEFAULT_REGION: region }),
  });
}

/** Seconds; 0 where none are asked for. Bounds are those of STS. */
function durationOf(text) {
  if (text === '') return 0;
  const seconds = /^\d{3,5}$/.test(text) ? Number(text) : 0;
  return seconds >= 900 && seconds <= 43_200 ? seconds : fail('role-duration-seconds is a number from 900 to 43200');
}
