// The page as text. From the sources it is built when it is first asked for; in dist/cambio.mjs it is a string, in place of
// this module.
export async function pageHtml(): Promise<string> {
  const { consolePage } = await import('../../infra/console-page.ts');
  return consolePage();
}
