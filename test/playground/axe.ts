import axe from 'axe-core';
import type { Page } from 'playwright-core';

/** What axe finds that is serious or critical. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  // Dimmed pictures are old ones, about to be replaced.
  const found = await page.evaluate(`axe.run({ exclude: ['.stale .pictures'] }, { resultTypes: ['violations'] }).then(({ violations }) =>
    violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html.slice(0, 160)).join(' | ')))`);
  return found as string[];
}

/** What is folded away counts too. */
export function openAll(page: Page): Promise<unknown> {
  return page.evaluate(`for (const details of document.querySelectorAll('details')) details.open = true`);
}
