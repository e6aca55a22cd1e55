import type { Page } from 'playwright-core';
import { describe, expect } from 'vitest';
import { useService } from '../http/service.ts';
import { violations } from './axe.ts';
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
        for (const { addedNodes } of changes) for (const node of addedNodes) if (node.className === 'flying') flown.push([node.textContent, Math.round(parseFloat(node.style.left)), Math.round(parseFloat(node.style.top))]);
      }).observe(document.body, { childList: true })`);
      await press(page, 'Next');
      expect(await filled(page)).toEqual(['raw']);
      const places = await page.evaluate(`[...document.querySelectorAll('[data-stage="raw"] tbody td')].map((cell) => {
        const { left, top } = cell.getBoundingClientRect();
        return [cell.firstChild.textContent, Math.round(left + scrollX), Math.round(top + scrollY)];
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

describe('a lesson that somebody makes', () => {
  const field = (page: Page, name: string) => page.locator('#author').getByLabel(name, { exact: true });
  const act = (page: Page, name: string) => page.locator('#author').getByRole('button', { name }).click();

  inBrowser('travels in a link: its question is open and its pictures are hidden, until the answer is revealed', async (open) => {
    const { page } = await open(service.url, { permissions: ['clipboard-read', 'clipboard-write'] });
    await answered(page);
    await page.locator('#author > summary').click();
    await act(page, 'Copy the lesson’s link');
    expect(await page.locator('#author .said').innerText()).toBe('A lesson needs a question and two choices, one a line.');
    await field(page, 'Title').fill('Twice as long');
    await field(page, 'Text').fill('Look at “cat”.');
    await field(page, 'Question').fill('Which token gets most, if “cat” is twice as long?');
    await field(page, 'Choices').fill('The\ncat, it is\nran');
    await field(page, 'The right one').selectOption('cat, it is');
    await field(page, 'Said when it is revealed').fill('Length counts.');
    await field(page, 'Hide the pictures until then').check();
    await act(page, 'Begin with the numbers as they are now');
    for (const [of, number] of [
      ['x', '1.8'],
      ['y', '0.2'],
      ['z', '0.6'],
    ] as const)
      await page.getByLabel(`cat, ${of}`, { exact: true }).fill(number);
    await act(page, 'Reveal the numbers as they are now');
    await act(page, 'Copy the lesson’s link');
    await expect.poll(() => page.locator('#author .said').innerText()).toBe('The lesson’s link is copied.');

    const { page: learner, errors } = await open(await page.evaluate('navigator.clipboard.readText()'));
    await expect.poll(() => learner.locator('#lesson h2').innerText()).toBe('Twice as long');
    expect(await learner.locator('#lesson').innerText()).toContain('Look at “cat”.');
    expect(await learner.getByLabel('cat, x', { exact: true }).inputValue()).toBe('0.9');
    await expect.poll(() => stage(learner, 'weights').count()).toBe(1);
    expect([await stage(learner, 'weights').isVisible(), await learner.locator('#veil').isVisible()]).toEqual([false, true]);
    await learner.getByLabel('ran', { exact: true }).check();
    await learner.getByRole('button', { name: 'Reveal', exact: true }).click();
    await expect.poll(() => learner.locator('.verdict').innerText()).toContain('Not quite: cat, it is. Length counts.');
    await expect.poll(() => stage(learner, 'weights').innerText()).toContain('0.4293');
    expect([await stage(learner, 'weights').isVisible(), await learner.locator('#veil').isVisible()]).toEqual([true, false]);
    await learner.getByRole('button', { name: 'Back to the start' }).click();
    await expect.poll(() => learner.getByLabel('cat, x', { exact: true }).inputValue()).toBe('0.9');
    expect([await stage(learner, 'weights').isVisible(), await learner.locator('.verdict').innerText()]).toEqual([false, '']);
    expect(errors).toEqual([]);
  });

  inBrowser('is as it was typed after a reload, with the numbers that were kept, until another is opened', async (open) => {
    const { page } = await open(service.url);
    await answered(page);
    await page.locator('#author > summary').click();
    for (const [name, text] of [
      ['Question', 'Why?'],
      ['Choices', 'a\nb'],
      ['Text', 'Look.'],
    ] as const)
      await field(page, name).fill(text);
    await field(page, 'The right one').selectOption('b');
    await act(page, 'Reveal the numbers as they are now');
    const typed = () => Promise.all(['Text', 'Question', 'Choices', 'The right one'].map((name) => field(page, name).inputValue()));
    await page.reload();
    await answered(page);
    expect(await typed()).toEqual(['Look.', 'Why?', 'a\nb', '1']);
    expect(await page.locator('#author .hint').last().innerText()).toContain('other numbers that were kept are then revealed');
    await page.getByLabel('cat, x', { exact: true }).fill('1.8');
    await act(page, 'Try it');
    await field(page, 'Question').fill('Why not?');
    await page.reload();
    await expect.poll(() => page.locator('#lesson legend').innerText()).toBe('Why?');
    expect(await typed()).toEqual(['Look.', 'Why not?', 'a\nb', '1']);
    await act(page, 'Try it');
    await page.getByRole('button', { name: 'Reveal', exact: true }).click();
    await expect.poll(() => page.getByLabel('cat, x', { exact: true }).inputValue()).toBe('0.9');
    await page.evaluate(`location.hash = '#tokens=1,0;0,1&question=Other&choices=c,d'`);
    await expect.poll(typed).toEqual(['', 'Other', 'c\nd', '0']);
  });

  inBrowser('can be tried, and one that is opened can be changed', async (open) => {
    const { page } = await open(`${service.url}/#tokens=1,0;0,1&question=Why&choices=a,b&right=1&title=Old`);
    await expect.poll(() => page.locator('#lesson legend').innerText()).toBe('Why');
    await page.locator('#author > summary').click();
    expect([await field(page, 'Choices').inputValue(), await field(page, 'The right one').inputValue()]).toEqual(['a\nb', '1']);
    await field(page, 'Title').fill('New');
    await act(page, 'Try it');
    await expect.poll(() => page.locator('#lesson h2').innerText()).toBe('New');
    await page.getByRole('button', { name: 'Reveal', exact: true }).click();
    expect(await page.locator('.verdict').innerText()).toContain('The answer: b.');
    await page.locator('#course').getByRole('button', { name: 'Causal' }).click();
    await expect.poll(() => page.locator('#lesson h2').innerText()).toBe('Causal');
  });
});

describe('axe finds nothing serious', () => {
  const LESSON = '#tokens=1,0;0,1&question=Why&choices=a,b&right=1&title=Own&text=Look&told=So';
  // Not by waitForFunction: it evaluates text in the page, which the page's own policy refuses now and then.
  const settled = (page: Page) => expect.poll(() => page.locator('body:not(.stale) [data-stage="weights"] td').count()).toBeGreaterThan(0);

  for (const colorScheme of ['light', 'dark'] as const) {
    inBrowser(
      `in ${colorScheme}, in a sentence with its arrows and arcs, in a step, in a lesson of one’s own, and in the views for a room, a frame and paper`,
      async (open) => {
        const { page } = await open(service.url, { colorScheme, reducedMotion: 'reduce' });
        await page.getByRole('textbox', { name: 'A sentence' }).fill('The cat ate');
        await page.getByRole('textbox', { name: 'A sentence' }).press('Enter');
        await expect.poll(() => page.locator('.arc-words button').count()).toBe(3);
        await settled(page);
        await page.locator('#author > summary').click();
        expect(await violations(page), 'a sentence').toEqual([]);
        for (let steps = 0; steps < 2; steps++) await press(page, 'Next');
        expect(await violations(page), 'a step').toEqual([]);
        await press(page, 'Show all');
        await page.emulateMedia({ media: 'print' });
        expect(await violations(page), 'paper').toEqual([]);
        for (const [view, address] of [
          ['a lesson', `/${LESSON}`],
          ['a room', '/?present'],
          ['a frame', `/?embed${LESSON}&hides`],
        ] as const) {
          const { page: other } = await open(service.url + address, { colorScheme, reducedMotion: 'reduce' });
          await settled(other);
          if (view === 'a lesson') await other.getByRole('button', { name: 'Reveal', exact: true }).click();
          expect(await violations(other), view).toEqual([]);
        }
      },
      { slow: colorScheme === 'dark' },
    );
  }
});
