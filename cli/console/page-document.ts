// The page as it is sent: one file, and a policy under which nothing runs or loads that is not in it. Pure but for the page.
import { createHash } from 'node:crypto';
import { answerHtml, type PageAnswer } from './page-message.ts';

/** What is shown was written by strangers: no script but ours, by its hash, and no way to make markup of a text. */
export function pageDocument(html: string): PageAnswer {
  return answerHtml(html, {
    'content-security-policy': [
      "default-src 'none'",
      `script-src ${hashOf('script', html)}`,
      `style-src ${hashOf('style', html)}`,
      "connect-src 'self'",
      'img-src data:',
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ].join('; '),
    'x-frame-options': 'DENY',
    'cross-origin-opener-policy': 'same-origin',
  });
}

/** @throws Error unless there is just one such element */
function hashOf(element: 'script' | 'style', html: string): string {
  const [found, ...more] = html.matchAll(new RegExp(`<${element}\\b[^>]*>(.*?)</${element}>`, 'gs'));
  if (!found || more.length > 0) throw new Error(`the page has not one ${element}`);
  return `'sha256-${createHash('sha256')
    .update(found[1] ?? '')
    .digest('base64')}'`;
}
