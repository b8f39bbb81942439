// A real browser, where the machine has one: Debian's package `chromium`, or a Chrome. Tests that need it skip loudly without.
import { type Browser, chromium } from 'playwright-core';
import { firstInstalled } from './installed.ts';

const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

/** Its path; undefined, and said so, where there is none. */
export function installedBrowser(tests: string): string | undefined {
  return firstInstalled(names, tests);
}

export function launch(executablePath: string): Promise<Browser> {
  // Its sandbox does not run for root, as whom containers run tests; the pages are our own.
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });
}
