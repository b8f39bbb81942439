// A real browser, where the machine has one: Debian's package `chromium`, or a Chrome. Tests that need it skip loudly without.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { sayNotInstalled } from './installed.ts';

const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

/** Its path; undefined, and said so, where there is none. */
export function installedBrowser(tests: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const found = folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isExecutable);
  if (found === undefined) sayNotInstalled('chromium', tests);
  return found;
}

export function launch(executablePath: string): Promise<Browser> {
  // Its sandbox does not run for root, as whom containers run tests; the pages are our own.
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
