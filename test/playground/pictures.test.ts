import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { afterAll, describe, expect } from 'vitest';
import { LINE } from '../../src/playground/arc-paths.ts';
import { useService } from '../http/service.ts';
import { useBrowser } from './browser.ts';
import { cutNumbers } from './cut.ts';

/** A page of another origin that frames ours. It listens before the service starts, which is told of it. */
const other = createServer((request, reply) => {
  const framed = new URL(request.url ?? '/', 'http://other').searchParams.get('of');
  reply
    .writeHead(200, { 'content-type': 'text/html' })
    .end(`<!doctype html><title>course</title><iframe width="900" height="900" src="${framed}"></iframe>`);
});
await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening));
afterAll(() => other.close());
const OTHER = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;

const service = useService();
const framed = useService({ EMBED_ORIGINS: OTHER });
const inBrowser = useBrowser();

const weights = async (page: Page) =>
  (await page.locator('[data-stage="weights"] tbody td > span').allTextContents()).map((text) => Number(text.replace('−', '-')));
const typed = (page: Page, name: string) => page.getByLabel(name, { exact: true }).inputValue();
const tip = (page: Page, name: string) => page.locator(`[data-tip="${name}"]`);

/** What the service says of the tokens as they are typed now. */
async function answerNow(page: Page): Promise<number[]> {
  const names = ['The', 'cat', 'ran'];
  const tokens = await Promise.all(
    names.map((token) => Promise.all(['x', 'y', 'z'].map(async (of) => Number(await typed(page, `${token}, ${of}`))))),
  );
  return (await service.ask({ tokens, query: 2, include: ['weights'], decimals: 4 })).json.weights;
}

async function middleOf(page: Page, name: string): Promise<{ x: number; y: number }> {
  await tip(page, name).scrollIntoViewIfNeeded();
  const box = await tip(page, name).locator('circle').last().boundingBox();
  if (!box) throw new Error(`the tip of ${name} is drawn`);
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

describe('the vectors as arrows', () => {
  inBrowser(
    'a tip that is dragged by mouse changes its numbers, and the weights follow as the service says; Undo takes the drag back',
    async (open) => {
      const { page, errors } = await open(service.url);
      await expect.poll(() => weights(page)).toEqual([0.2465, 0.3133, 0.4402]);
      const from = await middleOf(page, 'key cat');
      await page.mouse.move(from.x, from.y);
      await page.mouse.down();
      for (let step = 1; step <= 5; step++) await page.mouse.move(from.x - 12 * step, from.y - 6 * step);
      await expect.poll(() => typed(page, 'cat, x')).not.toBe('0.9');
      await page.mouse.up();
      // The last move may still be on its way to the numbers.
      await expect.poll(async () => JSON.stringify(await weights(page)) === JSON.stringify(await answerNow(page))).toBe(true);
      expect(Number(await typed(page, 'cat, x'))).toBeLessThan(0.9);
      expect(Number(await typed(page, 'cat, y'))).toBeGreaterThan(0.1);
      // Neither dimension that is drawn is z.
      expect(await typed(page, 'cat, z')).toBe('0.3');
      await page.getByRole('button', { name: 'Undo' }).click();
      expect([await typed(page, 'cat, x'), await typed(page, 'cat, y')]).toEqual(['0.9', '0.1']);
      expect(await page.getByRole('button', { name: 'Undo' }).isDisabled()).toBe(true);
      expect(errors).toEqual([]);
    },
  );

  inBrowser('the tip ends where the pointer let go of it', async (open) => {
    const { page } = await open(service.url);
    await expect.poll(() => weights(page)).toEqual([0.2465, 0.3133, 0.4402]);
    const scale = `document.querySelector('.plane svg').getBoundingClientRect().width`;
    expect(await page.evaluate(scale)).toBeGreaterThan(200);
    const [zero, one] = [await middleOf(page, 'key The'), await middleOf(page, 'key cat')];
    // The second move comes before the picture of the first is there.
    await page.route('**/attention', async (route) => {
      await new Promise((passed) => setTimeout(passed, 200));
      await route.continue();
    });
    // From The (0.2, 0.1) to cat (0.9, 0.1): so many pixels are 0.7.
    const perPixel = 0.7 / (one.x - zero.x);
    await page.mouse.move(one.x, one.y);
    await page.mouse.down();
    await page.mouse.move(one.x - 30, one.y);
    await expect.poll(() => typed(page, 'cat, x')).not.toBe('0.9');
    await page.mouse.move(one.x - 60, one.y);
    await expect.poll(async () => Number(await typed(page, 'cat, x'))).toBeCloseTo(0.9 - 60 * perPixel, 1);
    await page.mouse.up();
  });

  inBrowser('the keyboard moves a tip, and touch drags one', async (open) => {
    const { page } = await open(service.url, { viewport: { width: 375, height: 740 }, hasTouch: true, isMobile: true });
    await expect.poll(() => weights(page)).toEqual([0.2465, 0.3133, 0.4402]);
    await tip(page, 'key The').focus();
    await page.keyboard.press('ArrowUp');
    await expect.poll(() => typed(page, 'The, y')).not.toBe('0.1');
    await expect.poll(async () => JSON.stringify(await weights(page)) === JSON.stringify(await answerNow(page))).toBe(true);
    const { x, y } = await middleOf(page, 'key cat');
    const client = await page.context().newCDPSession(page);
    const touch = (type: string, points: readonly object[]) => client.send('Input.dispatchTouchEvent', { type, touchPoints: points } as never);
    await touch('touchStart', [{ x, y }]);
    for (let step = 1; step <= 4; step++) await touch('touchMove', [{ x: x - 8 * step, y }]);
    await expect.poll(async () => Number(await typed(page, 'cat, x'))).toBeLessThan(0.85);
    await touch('touchEnd', []);
    await expect.poll(async () => JSON.stringify(await weights(page)) === JSON.stringify(await answerNow(page))).toBe(true);
  });

  inBrowser('what projections make is not dragged, and the page says what to change instead; the table is behind it', async (open) => {
    const { page } = await open(service.url);
    await page.getByRole('switch', { name: 'w_key' }).click();
    await expect.poll(() => tip(page, 'key cat').count()).toBe(0);
    expect(await tip(page, 'value cat').count()).toBe(1);
    expect(await page.locator('[aria-labelledby="planes-title"]').innerText()).toContain('The keys are made from the tokens');
    await page.locator('[aria-labelledby="planes-title"] summary').click();
    await expect.poll(() => page.getByRole('group', { name: 'The arrows as a table' }).innerText()).toContain('0.5074, 0.4081, 0.3053');
  });
});

describe('a sentence', () => {
  const SENTENCE = 'The hungry cat ate zorble';

  inBrowser('becomes tokens; unknown words are said; arcs are as thick as the weights of the service', async (open) => {
    const { page } = await open(service.url);
    await page.getByRole('textbox', { name: 'A sentence' }).fill(SENTENCE);
    await page.getByRole('textbox', { name: 'A sentence' }).press('Enter');
    await expect.poll(() => page.locator('#sentence output').innerText()).toContain('The table has no “zorble”: its vector is 0 until you type one.');
    await page.getByLabel('zorble, food', { exact: true }).fill('1');
    await page.getByRole('group', { name: 'Choose a query' }).getByRole('button', { name: 'ate' }).click();
    await expect
      .poll(() => page.getByRole('group', { name: 'Choose a query' }).getByRole('button', { name: 'ate' }).getAttribute('aria-pressed'))
      .toBe('true');
    const asked = page.waitForRequest((request) => request.method() === 'POST');
    await page.getByRole('switch', { name: 'Scale' }).click();
    const { json } = await service.ask({ ...(await asked).postDataJSON(), include: ['weights'] });
    const thick = () =>
      page
        .locator('path.arc.chosen')
        .evaluateAll((arcs) => arcs.map((arc) => [arc.getAttribute('data-pair'), Number(arc.getAttribute('stroke-width'))]));
    await expect
      .poll(thick)
      .toEqual([0, 1, 2, 4].flatMap((key) => (json.weights[3][key] > 0.005 ? [[`3 ${key}`, expect.closeTo(8 * json.weights[3][key], 4)]] : [])));
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect.poll(() => weights(page)).toEqual([0.2465, 0.3133, 0.4402]);
  });

  inBrowser('all heads stand side by side, and a table is behind them', async (open) => {
    const { page } = await open(`${service.url}/#tokens=1,0,0.5,0.2;0,1,0.3,0.9;0.5,0.5,1,0&all&heads=2,`);
    await expect.poll(() => page.locator('.arc-panels figure').count()).toBe(2);
    const [left, right] = await Promise.all([0, 1].map((head) => page.locator(`[data-head="${head}"]`).boundingBox()));
    expect(right?.x).toBeGreaterThan(left?.x ?? Number.NaN);
    expect(right?.y).toBe(left?.y);
    await page.locator('[aria-labelledby="arcs-title"] summary').click();
    await expect.poll(() => page.getByRole('group', { name: 'The arcs as a table' }).locator('tbody tr').count()).toBe(3);
  });

  inBrowser('each name stands at the end of its arcs, of many tokens too', async (open) => {
    const tokens = Array.from({ length: 40 }, (_, i) => `${i % 7},1`).join(';');
    const { page } = await open(`${service.url}/#tokens=${tokens}`);
    const names = page.locator('.arc-words button');
    await expect.poll(() => names.count()).toBe(40);
    const tops = await names.evaluateAll((all) => all.map((name) => name.getBoundingClientRect().top));
    expect(tops.slice(1).map((top, i) => top - (tops[i] ?? Number.NaN))).toEqual(Array.from({ length: 39 }, () => LINE));
  });
});

describe('a slider', () => {
  inBrowser('moves the number that was entered, as one edit', async (open) => {
    const { page } = await open(service.url);
    await expect.poll(() => weights(page)).toEqual([0.2465, 0.3133, 0.4402]);
    await page.getByLabel('cat, x', { exact: true }).focus();
    await page.getByLabel('Slide cat, x').focus();
    for (let step = 0; step < 3; step++) await page.keyboard.press('ArrowRight');
    await expect.poll(async () => Number(await typed(page, 'cat, x'))).toBeGreaterThan(0.9);
    await page.getByRole('button', { name: 'Undo' }).click();
    expect(await typed(page, 'cat, x')).toBe('0.9');
  });

  inBrowser('begins where the scale stands, 1/√3, and takes whole numbers alone where a number counts', async (open) => {
    const { page } = await open(service.url);
    await expect.poll(() => weights(page)).toEqual([0.2465, 0.3133, 0.4402]);
    const scale = 'Scale: scale: a number, or 1/sqrt(d_k)';
    await page.getByLabel(scale).focus();
    await page.getByLabel(`Slide ${scale}`).focus();
    await page.keyboard.press('ArrowRight');
    // 200 steps from −2/√3 to 2/√3; three digits are kept.
    await expect.poll(async () => Number(await typed(page, scale))).toBeCloseTo(1 / Math.sqrt(3) + 0.01, 1);
    expect(Number(await typed(page, scale))).toBeGreaterThan(0.577);
    await page.getByLabel('Heads: heads').focus();
    await page.getByLabel('Slide Heads: heads').focus();
    for (let step = 0; step < 2; step++) await page.keyboard.press('ArrowRight');
    await expect.poll(() => typed(page, 'Heads: heads')).toBe('3');
  });
});

inBrowser('matrices that are all too large for numbers are drawn so large that a cell can be pointed at', async (open) => {
  const tokens = Array.from({ length: 24 }, (_, i) => Array.from({ length: 12 }, (_number, c) => ((i * c) % 7) / 10).join(',')).join(';');
  const { page } = await open(`${service.url}/#tokens=${tokens}&all`);
  for (const name of ['raw', 'weights', 'context']) {
    const width = async () => (await page.locator(`[data-stage="${name}"] canvas`).boundingBox())?.width ?? 0;
    await expect.poll(width).toBeGreaterThan(24 * 8);
  }
});

describe('in a frame of another page', () => {
  // What is refused is an empty page of the browser's own.
  const inFrame = async (page: Page) => page.frames()[1]?.locator('[data-stage="weights"]').count();

  inBrowser('it is refused without the setting', async (open) => {
    const { page, errors } = await open(`${OTHER}/?of=${encodeURIComponent(`${service.url}/?embed`)}`);
    await expect.poll(() => errors.join(' ')).toContain('frame-ancestors');
    expect((await inFrame(page)) ?? 0).toBe(0);
  });

  inBrowser('it is there for an origin that is listed, with the numbers and without the rest', async (open) => {
    const { page, errors } = await open(`${OTHER}/?of=${encodeURIComponent(`${framed.url}/?embed`)}`);
    await expect.poll(() => inFrame(page)).toBe(1);
    const frame = page.frameLocator('iframe');
    await expect.poll(() => frame.locator('[data-stage="weights"]').innerText()).toContain('0.4402');
    expect(await frame.locator('#switch-box').isVisible()).toBe(false);
    expect(errors).toEqual([]);
    const headers = (await framed.get('/')).headers;
    expect(headers['x-frame-options']).toBeUndefined();
    expect((await service.get('/')).headers['x-frame-options']).toBe('DENY');
  });
});

describe('for a room and for paper', () => {
  inBrowser('Present makes the numbers large and leaves the switches out; a link keeps it', async (open) => {
    const { page } = await open(service.url);
    await expect.poll(() => weights(page)).toEqual([0.2465, 0.3133, 0.4402]);
    const size = (): Promise<number> =>
      page.evaluate(`Number.parseFloat(getComputedStyle(document.querySelector('[data-stage="weights"] tbody td')).fontSize)`);
    const before = await size();
    await page.getByRole('button', { name: 'Present' }).click();
    expect(await size()).toBeGreaterThan(1.4 * before);
    expect(await page.locator('#switch-box').isVisible()).toBe(false);
    const again = (await open(page.url())).page;
    await expect.poll(() => again.locator('#switch-box').isVisible()).toBe(false);
    // Four digits in four columns still leave room for two stages side by side.
    await again.setViewportSize({ width: 1440, height: 900 });
    await again.evaluate(`location.hash = '#tokens=1,0,0.5,0.2;0,1,0.3,0.9;0.5,0.5,1,0&all&heads=2,&scale=1/sqrt(d_k)'`);
    await expect.poll(() => again.locator('[data-stage="context"] td').count()).toBeGreaterThan(12);
    // Both are asked for at one time: what is drawn above them later moves them.
    const tops = () =>
      again.evaluate(`['queries', 'keys'].map((name) => document.querySelector('[data-stage="' + name + '"]').getBoundingClientRect().y)`) as Promise<
        number[]
      >;
    await expect.poll(async () => new Set(await tops()).size).toBe(1);
  });

  inBrowser('on paper there are the pictures in their order, and no controls; no number of a sentence is cut off', async (open) => {
    const { page } = await open(service.url, { viewport: { width: 794, height: 1123 }, colorScheme: 'dark' });
    await expect.poll(() => weights(page)).toEqual([0.2465, 0.3133, 0.4402]);
    await page.emulateMedia({ media: 'print' });
    for (const gone of ['#switch-box', 'header nav', '.course', '.tools']) expect(await page.locator(gone).first().isVisible(), gone).toBe(false);
    for (const kept of ['[data-stage="weights"]', '.plane', '#softmax']) expect(await page.locator(kept).first().isVisible(), kept).toBe(true);
    // Dark ink on light paper, and the choices of the question, to be ticked.
    expect(await page.evaluate(`getComputedStyle(document.body).color`)).toBe('rgb(28, 36, 48)');
    expect(await page.locator('.choices label').count()).toBe(3);
    expect(await page.locator('.choices label').first().isVisible()).toBe(true);
    const order = await page.locator('[data-stage]:visible').evaluateAll((stages) => stages.map((one) => one.getAttribute('data-stage')));
    expect(order).toEqual(['raw', 'weights', 'context']);
    await page.emulateMedia({ media: 'screen' });
    await page.getByRole('textbox', { name: 'A sentence' }).fill('The hungry cat ate the small mouse');
    await page.getByRole('textbox', { name: 'A sentence' }).press('Enter');
    await expect.poll(() => page.locator('.arc-words button').count()).toBe(7);
    await page.emulateMedia({ media: 'print' });
    await expect.poll(() => cutNumbers(page)).toEqual([]);
  });

  inBrowser('on paper a wide grid, a wide table and many heads go on in a second line', async (open) => {
    const numbers = Array.from({ length: 12 }, (_, i) => Array.from({ length: 24 }, (_number, c) => `-0.${100 + i * c}`).join(',')).join(';');
    const { page } = await open(`${service.url}/#tokens=${numbers}&all&heads=8,`, { viewport: { width: 718, height: 1000 } });
    await expect.poll(() => page.locator('.arc-panels figure').count()).toBe(8);
    await page.evaluate(`for (const details of document.querySelectorAll('[aria-labelledby="arcs-title"] details')) details.open = true`);
    await expect.poll(() => page.getByRole('group', { name: 'The arcs as a table' }).locator('tbody tr').count()).toBe(12);
    await page.emulateMedia({ media: 'print' });
    for (const [what, count] of [
      ['#tokens .edit tbody td:not(.end)', 288],
      ['.arc-panels svg', 8],
      ['[aria-labelledby="arcs-title"] tbody td', 96],
    ] as const) {
      const boxes = await page
        .locator(what)
        .evaluateAll((all) => all.map((one) => one.getBoundingClientRect()).map(({ left, right }) => [Math.round(left), Math.round(right)] as const));
      expect(boxes.length, what).toBe(count);
      for (const [left, right] of boxes) expect([left >= 0, right <= 718 && right > left], what).toEqual([true, true]);
    }
    await expect.poll(() => cutNumbers(page)).toEqual([]);
  });

  inBrowser('two matrices of a sentence of eight words stand side by side at 1440 pixels, and three at 2560', async (open) => {
    const { page } = await open(service.url, { viewport: { width: 1440, height: 900 } });
    await page.getByRole('textbox', { name: 'A sentence' }).fill('The hungry cat ate the small grey mouse');
    await page.getByRole('textbox', { name: 'A sentence' }).press('Enter');
    await expect.poll(() => page.locator('[data-stage="weights"] tbody td').count()).toBe(64);
    for (const [width, beside] of [
      [1440, ['raw', 'weights']],
      [2560, ['raw', 'weights', 'context']],
    ] as const) {
      await page.setViewportSize({ width, height: 900 });
      const tops = () => Promise.all(beside.map(async (name) => (await page.locator(`[data-stage="${name}"]`).boundingBox())?.y));
      await expect.poll(async () => new Set(await tops()).size, { message: `${width} pixels wide` }).toBe(1);
      expect(await cutNumbers(page)).toEqual([]);
    }
  });
});
