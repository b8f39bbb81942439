// `npm run demo:screenshots`: the pictures of docs/demo.md, of a stack of its own in a real Chromium. Writes docs/img, smaller by
// half where pngquant is installed.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startLocalStack } from '../../infra/local/stack.ts';
import { installedBrowser, launch } from '../browser.ts';

const folder = join(import.meta.dirname, '../../docs/img');
const program = installedBrowser('docs/img is as it was');
if (program === undefined) process.exit(1);

mkdirSync(folder, { recursive: true });
const [stack, browser] = await Promise.all([startLocalStack({ port: 8787 }), launch(program)]);
const page = await browser.newPage({ viewport: { width: 1_200, height: 760 }, locale: 'en-GB' });
page.setDefaultTimeout(15_000);

for (const [name, draw] of Object.entries({ grant, refusal, decisions, policy, whatIf, suspension, revocation })) {
  await draw();
  await page.evaluate('scrollTo(0, 0)');
  const file = `demo-${name.toLowerCase()}.png`;
  await page.screenshot({ path: join(folder, file), animations: 'disabled', caret: 'hide' });
  spawnSync('pngquant', ['--force', '--strip', '--speed', '1', '--ext', '.png', join(folder, file)]);
  process.stdout.write(`docs/img/${file}\n`);
}
await browser.close();
await stack.close();

async function show(view: string): Promise<void> {
  await page.goto(`${stack.url}/#/${view}`);
  await page.locator(`main[data-view=${view.split('?')[0]}]`).waitFor();
}

async function play(fill: () => Promise<unknown> = async () => {}): Promise<void> {
  await show('exchange');
  await fill();
  await page.getByRole('button', { name: 'Exchange' }).click();
  await page.locator('.decision h2').waitFor();
}

async function grant(): Promise<void> {
  await play();
  await page.getByRole('button', { name: 'Is it active?' }).click();
  await page.locator('.outcome .answer').waitFor();
}

async function refusal(): Promise<void> {
  await play(async () => {
    await page.getByLabel('Begin with').selectOption({ label: 'github → deploy-prod (deploy-from-prod)' });
    const claims = page.getByLabel('Claims to set');
    await claims.fill((await claims.inputValue()).replace('"environment": "prod"', '"environment": "Prod"'));
  });
}

async function decisions(): Promise<void> {
  await play(async () => page.getByLabel('Begin with').selectOption({ index: 3 }));
  await play(async () => page.getByLabel('Begin with').selectOption({ index: 2 }));
  await show('decisions');
  await page.locator('.rows a', { hasText: 'No rule grants this' }).click();
  await page.locator('.decision h2').waitFor();
  await page.getByText('Looking…').waitFor({ state: 'hidden' });
}

function policy(): Promise<void> {
  return show('policy');
}

async function whatIf(): Promise<void> {
  await show('what-if');
  const text = page.getByLabel('Policy', { exact: true });
  await text.fill((await text.inputValue()).replace('environment: prod }', 'environment: [prod, staging] }'));
  await page.getByRole('button', { name: 'Compare' }).click();
  await page.locator('.gains').waitFor();
}

async function suspension(): Promise<void> {
  await show('suspensions?kind=rule&name=orders-from-main');
  await page.getByLabel('Why').fill('a runner of the repository is being looked into');
  await page.getByRole('button', { name: 'Suspend' }).click();
  await page.getByRole('button', { name: 'Resume rule orders-from-main' }).waitFor();
}

async function revocation(): Promise<void> {
  await page.getByRole('button', { name: 'Resume rule orders-from-main' }).click();
  await page.getByText('Nothing is suspended.').waitFor();
  await play();
  await page.getByRole('link', { name: 'Revoke everything of this run' }).click();
  await page.getByLabel('Why').fill('the job was taken over');
  await page.getByRole('button', { name: 'Revoke' }).click();
  await page.locator('.outcome', { hasText: 'Revoked.' }).waitFor();
  await show('exchange');
  await page.getByRole('button', { name: 'Is it active?' }).click();
  await page.locator('.outcome .answer').waitFor();
}
