import axe from 'axe-core';
import type { Page } from 'playwright-core';

/**
 * What axe-core holds against the page as it is now, at levels serious and critical: rule, and where. The script is evaluated by
 * the debugger, so the page's content security policy stays as it is for people.
 */
export async function seriousFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const results = await page.evaluate(() =>
    (window as unknown as { axe: typeof axe }).axe.run(document, { resultTypes: ['violations'] }),
  );
  return results.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
}

/** The same in light and then in dark, which the page is shown in; afterwards it is light again. */
export async function findingsInBothThemes(page: Page): Promise<string[]> {
  const light = await seriousFindings(page);
  await page.emulateMedia({ colorScheme: 'dark' });
  const dark = await seriousFindings(page);
  await page.emulateMedia({ colorScheme: 'light' });
  return [...light, ...dark];
}
