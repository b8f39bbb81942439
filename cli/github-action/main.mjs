// The action: hands the job what `cambio`, which lies beside it, gets for it.
import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { cambio, fail, input } from './runner.mjs';

const url = input('url') || fail('the input url is missing');
const [role, audience, scope, tokenAudience] = ['role', 'audience', 'scope', 'token-audience'].map(input);
if (!role && !audience) fail('give role, audience or both');

const asked = tokenAudience ? ['--token-audience', tokenAudience] : [];

if (role) {
  const { status } = cambio(url, ['aws', '--role', role, '--format', 'github', ...asked], { stdout: 'inherit' });
  if (status !== 0) fail(`no AWS credentials of ${role}; the lines above say why`);
}

if (audience) {
  const scoped = scope ? ['--scope', scope] : [];
  const { status, stdout } = cambio(url, ['exchange', '--audience', audience, ...scoped, ...asked], { stdout: 'pipe' });
  const token = stdout?.trim() ?? '';
  if (status !== 0 || !/^[\x21-\x7e]+$/.test(token)) fail(`no token for ${audience}; the lines above say why`);
  process.stdout.write(`::add-mask::${token}\n`);
  // The state first: what cannot be revoked later is not handed out.
  for (const [name, value] of Object.entries({ token, url, audience: tokenAudience }))
    write('GITHUB_STATE', name, value);
  write('GITHUB_OUTPUT', 'token', token);
}

/** A delimiter nobody can guess: no value can define other variables. */
function write(file, name, value) {
  const delimiter = `cambio_${randomUUID()}`;
  appendFileSync(process.env[file] || fail(`${file} is not set`), `${name}<<${delimiter}\n${value}\n${delimiter}\n`);
}
