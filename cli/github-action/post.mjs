// The end of the job, however it ended: the token it got is revoked, and the key made for it is gone. That this failed is no reason
// to fail the job.
import { rmSync } from 'node:fs';
import { cambio, warn } from './runner.mjs';

const { STATE_token: token, STATE_url: url, STATE_audience: audience, STATE_folder: folder } = process.env;

if (token && url) {
  const asked = audience ? ['--token-audience', audience] : [];
  const { status } = cambio(['revoke', '--token-env', 'STATE_token', ...asked], { url, stdout: 'inherit' });
  if (status !== 0) warn('the token is not revoked; it ends by itself. The lines above say why');
}

if (folder) rmSync(folder, { recursive: true, force: true });
