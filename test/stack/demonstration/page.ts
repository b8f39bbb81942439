// The page at the stack's / in a real browser: what a newcomer does with it, and what strangers write into it.
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LocalStack } from '../../../infra/local/stack.ts';
import { installedBrowser, launch } from '../../browser.ts';
import { demonstrationStack } from './stack.ts';

const program = installedBrowser('the page in a browser');

const markup = '"><img src=x onerror="window.hit = 1"><script>window.hit = 1</script><b>bold</b>';
const views = ['decisions', 'exchange', 'suspensions', 'revocations', 'keys', 'policy', 'what-if'];

describe.skipIf(program === undefined)('the page', () => {
  let stack: LocalStack;
  let browser: Browser;
  let page: Page;
  /** What the browser complained of: a blocked script or style, an error of ours. */
  const complaints: string[] = [];
  beforeAll(async () => {
    [stack, browser] = await Promise.all([demonstrationStack(), launch(program ?? '')]);
    page = await browser.newPage({ viewport: { width: 1_280, height: 900 } });
    page.setDefaultTimeout(10_000);
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && !/status of 40[04]/.test(message.text())) complaints.push(message.text());
    });
  });
  afterAll(() => browser?.close());

  const show = async (view: string): Promise<void> => {
    await page.goto(`${stack.url}/#/${view}`);
    await page.locator(`main[data-view=${view.split('?')[0]}]`).waitFor();
  };
  const exchange = async (fill: () => Promise<unknown> = async () => {}): Promise<string> => {
    await show('exchange');
    await fill();
    await page.getByRole('button', { name: 'Exchange' }).click();
    return page.locator('.decision h2').innerText();
  };
  const claims = () => page.getByLabel('Claims to set');
  const suspended = (): Promise<number> => page.getByRole('row').count();

  test('plays an exchange that is granted, and asks whether the token is active', async () => {
    expect(await exchange()).toContain('Granted by orders-from-main');
    await page.getByRole('button', { name: 'Is it active?' }).click();
    await page.locator('.outcome .answer', { hasText: /^.active$/ }).waitFor();
    expect(await page.locator('body').innerText()).not.toMatch(/eyJ[\w-]+\.eyJ/);
  });

  test('says of a refusal which rule came closest, what it wanted, what it got, and what came close', async () => {
    const headline = await exchange(async () => {
      await page.getByLabel('Begin with').selectOption({ label: 'github → deploy-prod (deploy-from-prod)' });
      await claims().fill((await claims().inputValue()).replace('"prod"', '"Prod"'));
    });
    expect(headline).toContain('Refused: No rule grants this');
    const because = await page.locator('.because').innerText();
    expect(because).toMatch(/closest rule is deploy-from-prod.*wants environment: prod.*got Prod/s);
    expect(because).toContain('case');
    const row = page.locator('.rules details[open] tr.no');
    expect(await row.innerText()).toMatch(/environment\s+prod\s+Prod/);
    await show('decisions');
    // Decisions of one second are in no order.
    await page.locator('.rows a', { hasText: 'refused' }).first().click();
    expect(await page.locator('.decision h2').innerText()).toContain('Refused');
    // Whoever does not see it hears of it.
    expect(await page.evaluate('document.activeElement.tagName')).toBe('H2');
  });

  test('suspends a rule, which refuses the next exchange, and resumes it', async () => {
    await show('suspensions?kind=rule&name=orders-from-main');
    await page.getByLabel('Why').fill(markup);
    await page.getByRole('button', { name: 'Suspend' }).click();
    await page.getByRole('button', { name: 'Resume rule orders-from-main' }).waitFor();
    expect(await page.locator('td').first().innerText()).toBe(markup);
    expect(await exchange()).toContain('Refused: An operator has suspended this');
    await show('suspensions');
    await page.getByRole('button', { name: 'Resume rule orders-from-main' }).click();
    await page.getByText('Nothing is suspended.').waitFor();
    expect(await suspended()).toBe(0);
    expect(await exchange()).toContain('Granted');
  });

  test('revokes everything of a run, which reaches the token that came of it', async () => {
    await exchange(async () =>
      claims().fill((await claims().inputValue()).replace(/"run_id": "\d+"/, '"run_id": "4711"')),
    );
    await page.getByRole('button', { name: 'Is it active?' }).click();
    await page.locator('.outcome .answer', { hasText: /^.active$/ }).waitFor();
    const tokens = page.getByLabel('Subject token');
    const jti = await page.locator('.decision dd code').first().innerText();
    await page.getByRole('link', { name: 'Revoke everything of this run' }).click();
    expect(await page.getByLabel('Value').inputValue()).toBe('github|4711');
    await page.getByLabel('Why').fill('the job was taken over');
    await page.getByRole('button', { name: 'Revoke' }).click();
    await page.locator('.outcome', { hasText: 'Revoked.' }).waitFor();
    await show('exchange');
    await page.getByRole('button', { name: 'Is it active?' }).click();
    await page.locator('.outcome .answer', { hasText: /^.inactive$/ }).waitFor();
    const headline = await exchange(async () => {
      await tokens.selectOption(`token ${jti}`);
      await page.getByLabel('For', { exact: true }).fill('payments-api');
      await page.getByLabel('Who asks').selectOption('orders');
    });
    expect(headline).toContain('Refused: Something that takes part is revoked');
  });

  test('compares the policy with another text: who gains, by which token', async () => {
    await show('what-if');
    const text = page.getByLabel('Policy', { exact: true });
    await text.fill((await text.inputValue()).replace('environment: prod }', 'environment: [prod, staging] }'));
    await page.getByRole('button', { name: 'Compare' }).click();
    await page.getByText('Gains (1)').waitFor();
    expect(await page.locator('.gains').innerText()).toMatch(/github: deploy-prod[\s\S]*"environment": "staging"/);
    await text.fill('version: 2');
    await page.getByRole('button', { name: 'Compare' }).click();
    await page.getByText('demonstration.yaml:1:10').waitFor();
  });

  test('shows markup in every claim as the text it is', async () => {
    const token = await stack.tokenFor('github');
    const all = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
    const own = ['iss', 'aud', 'jti'];
    const hostile = Object.fromEntries(
      Object.entries(all).flatMap(([name, value]) =>
        typeof value === 'string' && !own.includes(name) ? [[name, `${markup}${name}`]] : [],
      ),
    );
    expect(Object.keys(hostile).length).toBeGreaterThan(15);
    await exchange(async () => {
      await claims().fill(JSON.stringify({ ...hostile, [markup]: markup, sub: markup }));
      await page.getByLabel('For', { exact: true }).fill('orders-api');
    });
    for (const each of await page.locator('main summary').all()) await each.click();
    const shown = (await page.locator('main').textContent()) ?? '';
    for (const [name, value] of Object.entries(hostile)) expect(shown, name).toContain(name === 'sub' ? markup : value);
    await page.goto(`${stack.url}/#/decisions`);
    await page.locator('.rows a').first().click();
    await page.locator('.decision h2').waitFor();
    expect(await page.locator('main img, main script, main b:text("bold")').count()).toBe(0);
    expect(await page.evaluate('window.hit')).toBeUndefined();
    // Were a text ever to be parsed, the browser would not let it.
    const parse = `try { document.querySelector('#news').innerHTML = '<b>parsed</b>'; 'parsed' } catch ({ name }) { name }`;
    expect(await page.evaluate(parse)).toBe('TypeError');
    expect(complaints.filter((text) => !text.includes('TrustedHTML'))).toEqual([]);
  });

  test('is used by keyboard alone', async () => {
    await page.goto('about:blank');
    await show('decisions');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('main');
    await page.getByRole('link', { name: 'Suspensions' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Suspensions' }).waitFor();
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Suspensions');
    expect(await page.title()).toBe('Suspensions – Cambio');
  });

  const looks = [
    { colorScheme: 'light', width: 1_280, views },
    { colorScheme: 'dark', width: 400, views: ['decisions', 'exchange', 'policy'] },
  ] as const;
  test.each(looks)('has nothing that axe objects to: $colorScheme, $width pixels wide', async (look) => {
    const { width } = look;
    await page.emulateMedia({ colorScheme: look.colorScheme });
    await page.setViewportSize({ width, height: 900 });
    const check = async (what: string): Promise<void> => {
      await page.locator('main:not([aria-busy])').waitFor();
      expect(await violations(page), what).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth'), what).toBeLessThanOrEqual(width);
    };
    for (const view of look.views) {
      await show(view);
      await check(view);
    }
    await show('decisions');
    await page.locator('.rows a').first().click();
    await page.locator('.decision h2').waitFor();
    await check('a decision');
  });
});

interface Results {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly target: unknown }[] }[];
}

async function violations(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const found: Results = await page.evaluate("axe.run({ resultTypes: ['violations'] })");
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(', ')}`);
}
