import type { Page } from 'playwright-core';
import { describe, expect } from 'vitest';
import { useService } from '../http/service.ts';
import { useBrowser } from './browser.ts';

const service = useService();
const inBrowser = useBrowser();

const stage = (page: Page, name: string) => page.locator(`[data-stage="${name}"]`);
const filled = async (page: Page) => {
  const all = await page.locator('[data-stage]').all();
  const found = await Promise.all(
    all.map(async (one) => ((await one.locator('td').last().isVisible()) ? await one.getAttribute('data-stage') : undefined)),
  );
  return found.filter((name) => name !== undefined);
};
const press = (page: Page, name: string) => page.getByRole('group', { name: 'Step by step' }).getByRole('button', { name, exact: true }).click();
const told = (page: Page) => page.getByRole('group', { name: 'Step by step' }).getByRole('status').innerText();
const answered = (page: Page) => expect.poll(() => stage(page, 'weights').innerText()).toContain('0.4402');

describe('step by step', () => {
  inBrowser('Next fills one stage after another, says what it does, and writes it out; what follows from it comes last', async (open) => {
    const { page } = await open(service.url);
    await answered(page);
    const arcs = page.getByText('Who attends to whom');
    const next = page.getByRole('group', { name: 'Step by step' }).getByRole('button', { name: 'Next' });
    await next.focus();
    for (const [words, names, written] of [
      ['Step 1 of 5, Scores. Query “ran” meets each key, q · k: 0.26, 0.5, 0.84.', ['raw'], '= 0.16 + 0.64 + 0.04'],
      ['Step 2 of 5, Scale. The scale is 1', ['raw', 'scaled'], '0.84 × 1 = 0.84'],
      ['Step 3 of 5, Mask. No key is excluded', ['raw', 'scaled', 'masked'], 'may attend'],
      [
        'Step 4 of 5, Softmax. The exponential of each logit ÷ their sum is its weight: 0.2465, 0.3133, 0.4402.',
        ['raw', 'scaled', 'masked', 'weights'],
        '= 0.4402',
      ],
      ['Step 5 of 5, Weighted sum. Each value × its weight', ['raw', 'scaled', 'masked', 'weights', 'context'], 'Σ weight × value'],
    ] as const) {
      expect(await arcs.isVisible()).toBe(names.length === 1);
      await page.keyboard.press('Enter');
      expect(await told(page)).toContain(words);
      expect(await filled(page)).toEqual(names);
      expect(await page.locator('#written-lines').innerText()).toContain(written);
    }
    expect(await arcs.isVisible()).toBe(true);
    await page.keyboard.press('Enter');
    expect(await told(page)).toContain('Step 5 of 5');
    await press(page, 'Back');
    expect(await filled(page)).not.toContain('context');
    await press(page, 'Show all');
    expect([await told(page), await filled(page)]).toEqual(['', ['raw', 'weights', 'context']]);
  });

  inBrowser('an edit goes on at the same step, with the new numbers', async (open) => {
    const { page } = await open(service.url);
    await answered(page);
    for (let steps = 0; steps < 2; steps++) await press(page, 'Next');
    await page.getByLabel('Scale: scale: a number, or 1/sqrt(d_k)').fill('0.5');
    await expect.poll(() => told(page)).toContain('Step 2 of 5, Scale. Every score is multiplied, × 0.5: 0.13, 0.25, 0.42.');
    expect(await filled(page)).toEqual(['raw', 'scaled']);
  });

  inBrowser('the numbers fly to where they belong, and stay put where motion is not wanted', async (open) => {
    for (const reducedMotion of ['no-preference', 'reduce'] as const) {
      const { page } = await open(service.url, { reducedMotion });
      await answered(page);
      await page.evaluate(`globalThis.flown = []; new MutationObserver((changes) => {
        for (const { addedNodes } of changes) for (const node of addedNodes) if (node.className === 'flying') flown.push([node.textContent, node.style.left, node.style.top]);
      }).observe(document.body, { childList: true })`);
      await press(page, 'Next');
      expect(await filled(page)).toEqual(['raw']);
      const places = await page.evaluate(`[...document.querySelectorAll('[data-stage="raw"] tbody td')].map((cell) => {
        const { left, top } = cell.getBoundingClientRect();
        return [cell.firstChild.textContent, left + scrollX + 'px', top + scrollY + 'px'];
      })`);
      expect(await page.evaluate('flown')).toEqual(reducedMotion === 'reduce' ? [] : places);
      await expect.poll(() => page.locator('.flying').count()).toBe(0);
    }
  });

  inBrowser('Play goes on by itself, waits while it is paused, and ends at the last step', async (open) => {
    const { page } = await open(service.url);
    await answered(page);
    await page.clock.install();
    await press(page, 'Play');
    expect(await told(page)).toContain('Step 1 of 5');
    await page.clock.runFor(4000);
    expect(await told(page)).toContain('Step 2 of 5');
    await press(page, 'Pause');
    await page.clock.runFor(20_000);
    expect(await told(page)).toContain('Step 2 of 5');
    await press(page, 'Play');
    await page.clock.runFor(20_000);
    expect(await told(page)).toContain('Step 5 of 5');
    expect(await page.getByRole('button', { name: 'Pause' }).count()).toBe(0);
  });
});
