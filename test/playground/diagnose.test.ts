import type { Page } from 'playwright-core';
import { describe, expect } from 'vitest';
import { useService } from '../http/service.ts';
import { useBrowser } from './browser.ts';

const service = useService();
const inBrowser = useBrowser();

const card = (page: Page) => page.locator('#diagnosis');
const verdict = (page: Page) => card(page).locator('.judged').textContent();

async function paste(page: Page, output: string, numbers: string): Promise<void> {
  await page.getByLabel('My code’s').selectOption(output);
  await page.getByLabel('as it printed them').fill(numbers);
  await page.getByRole('button', { name: 'Diagnose' }).click();
}

describe('somebody’s own numbers', () => {
  inBrowser('get the mistake that gives them named, which one press makes of the question, and another takes back', async (open) => {
    const { page, errors } = await open(service.url);
    await page.getByRole('switch', { name: 'Scale' }).click();
    await paste(page, 'weights', 'tensor([0.2465, 0.3133, 0.4402])');
    await expect.poll(() => verdict(page)).toBe('Your numbers are wrong, by a known mistake:');
    expect(await card(page).locator('code').allTextContents()).toEqual(['scale-missing']);
    expect(await card(page).locator('mark').allTextContents()).toEqual(['0.2465', '0.3133', '0.4402']);
    await page.getByRole('button', { name: 'Apply the mistake' }).click();
    // The verdict follows the question, as every picture does.
    await expect.poll(() => verdict(page)).toBe('Your numbers are right for this question.');
    expect(await page.getByLabel('scale: a number, or 1/sqrt(d_k)').inputValue()).toBe('1');
    expect(await card(page).locator('mark').count()).toBe(0);
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect.poll(() => verdict(page)).toBe('Your numbers are wrong, by a known mistake:');
    expect(errors).toEqual([]);
  });

  inBrowser('that no request gives are told so; what does not fit is said, as the service says it', async (open) => {
    const { page } = await open(service.url);
    await paste(page, 'context', '[0.5, 0.5]');
    await expect.poll(() => verdict(page)).toContain('/observed/context has the shape [2]');
    await paste(page, 'weights', '[0.123456, 0.323456, 0.553088]');
    await expect.poll(() => verdict(page)).toContain('no known mistake gives them');
    await paste(page, 'weights', '[1.29693, 1.648721, 2.316367]');
    await expect.poll(() => verdict(page)).toBe('Your numbers are wrong, by a known mistake:');
    expect(await card(page).textContent()).toContain('No request makes this mistake');
  });
});
