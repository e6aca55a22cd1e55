import type { Page } from 'playwright-core';
import { describe, expect } from 'vitest';
import { useService } from '../http/service.ts';
import { useBrowser } from '../playground/browser.ts';

const service = useService();
const inBrowser = useBrowser();
const OPERATION = '#operations-attention-attention';
const PHONE = { viewport: { width: 390, height: 844 } };

async function unfolded(page: Page): Promise<void> {
  await page.waitForSelector(`${OPERATION} .response[data-code="503"]`);
}

describe('/docs', () => {
  inBrowser('names and asks nobody but us, shows the formula in lines, and gives each failure little room', async (open) => {
    const { page, errors, requests } = await open(`${service.url}/docs#/attention/attention`, { viewport: { width: 1440, height: 900 } });
    await unfolded(page);
    expect(await page.locator('.topbar, .swagger-ui img').count()).toBe(0);
    expect(await page.title()).toContain('Attention service');
    expect(await page.locator('link[rel="icon"]').getAttribute('href')).toContain('icon.svg');
    expect(requests.filter((url) => !url.startsWith(service.url) && !url.startsWith('data:'))).toEqual([]);
    const formula = page.locator(`${OPERATION} .opblock-description pre code`);
    expect((await formula.innerText()).trim().split('\n')).toHaveLength(5);
    // A code block's lines are one under the other.
    expect((await formula.boundingBox())?.height).toBeGreaterThan(5 * 10);
    const rows = page.locator(`${OPERATION} .response:is([data-code^="4"], [data-code^="5"])`);
    let height = 0;
    for (const row of await rows.all()) {
      expect(await row.locator('.microlight').innerText()).toMatch(/"type": "\/problems\/[a-z-]+"/);
      height += (await row.boundingBox())?.height ?? Number.POSITIVE_INFINITY;
    }
    // The words, a short example, and the table of headers.
    expect(height / (await rows.count())).toBeLessThan(320);
    expect(errors).toEqual([]);
  });

  // To unfold an operation takes Swagger UI a second of computing, since it resolves the whole document again each time:
  // these have each kind of body, parameter and example, and the rest have fewer of them.
  inBrowser(
    'is no wider than a phone, folded or not',
    async (open) => {
      const { page } = await open(`${service.url}/docs`, PHONE);
      await page.waitForSelector('.opblock');
      const width = () => page.evaluate('document.documentElement.scrollWidth');
      expect(await width()).toBeLessThanOrEqual(PHONE.viewport.width);
      for (const id of [
        'attention-attention',
        'diagnosis-diagnose',
        'diagnosis-diagnoseVectors',
        'inference-modelVersionInfer',
        'operations-problem',
      ]) {
        await page.locator(`#operations-${id} .opblock-summary-control`).click();
        await page.waitForSelector(`#operations-${id} .responses-inner`);
      }
      expect(await width()).toBeLessThanOrEqual(PHONE.viewport.width);
    },
    { slow: true },
  );

  inBrowser('tries a request out, and a stream of lines', async (open) => {
    const { page } = await open(`${service.url}/docs#/attention/attention`);
    await unfolded(page);
    expect(await executed(page)).toEqual([200, { scores: [0.26, 0.5, 0.84], weights: [0.2465, 0.3133, 0.4402], context: [0.5074, 0.4081, 0.3053] }]);
    await page.getByLabel('Request content type').first().selectOption('application/x-ndjson');
    await expect.poll(() => page.locator(`${OPERATION} textarea`).inputValue()).toContain('}\n{');
    const [status, first, second] = await executed(page);
    expect([status, first, second]).toEqual([
      200,
      expect.objectContaining({ scores: [0.26, 0.5, 0.84] }),
      expect.objectContaining({ weights: expect.any(Array) }),
    ]);
  });
});

/** What came back when “Execute” was pressed: the status, and each line of the body. */
async function executed(page: Page): Promise<unknown[]> {
  const replied = page.waitForResponse((reply) => reply.request().method() === 'POST');
  await page.click(`${OPERATION} .execute`);
  const reply = await replied;
  const lines = (await reply.text()).split('\n').filter(Boolean);
  return [reply.status(), ...lines.map((line) => JSON.parse(line))];
}
