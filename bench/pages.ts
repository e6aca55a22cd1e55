/// <reference lib="dom" />
import { type Browser, chromium, type Page } from 'playwright-core';
import { ServerProcess } from './load/server-process.ts';
import { againstAim, heading, loadNow, table } from './report/markdown.ts';
import { type Spread, spread } from './report/statistics.ts';

/*
 * What people look at: how long the heatmap of 256 × 256 and the walk-through of 64 × 64 take, from sending the request
 * to holding the answer; how long the playground takes from an edit of 64 tokens × 64 dimensions to the picture; how many pictures a second it
 * draws while the tip of an arrow of 16 tokens × 8 dimensions is dragged; and how many bytes it loads. In a headless Chromium without a GPU.
 */

const ROUNDS = 15;
const EDITS = 30;
const SETTLE_MS = 60;
const DRAGS = 5;
const DRAG_MS = 2000;
const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const FLAGS = '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';

const load = loadNow();
const server = await ServerProcess.start('service');
const rows = [
  againstAim('heatmap of 256 × 256, ms', await timed(server, 256, 16, 'image/svg+xml'), { most: 100 }),
  againstAim('walk-through of 64 × 64 numbers, ms', await timed(server, 64, 64, 'text/markdown'), { most: 50 }),
  ...(await inBrowser(async (browser) => [
    againstAim('playground, 64 × 64, edit to picture, ms', await edits(browser, server), { most: 100 }),
    againstAim('playground, 16 × 8, pictures a second of a drag', await drags(browser, server), { least: 30 }),
    againstAim('playground, what it loads, packed, kB', await loaded(browser, server), { most: 150 }),
  ])),
];
await server.stop();
console.log(heading('Pages', 'npm --prefix bench run pages', load));
console.log(table(['', 'median', 'min', 'max', 'aim', 'reached'], rows));

/** A fixed pattern, so that every run asks the same. */
function numbers(n: number, d: number): number[][] {
  return Array.from({ length: n }, (_, i) => Array.from({ length: d }, (_, c) => Math.round(100 * Math.sin(i * d + c * c)) / 100));
}

async function timed({ origin }: ServerProcess, n: number, d: number, accept: string): Promise<Spread> {
  const body = JSON.stringify({ tokens: numbers(n, d), causal: accept === 'image/svg+xml' });
  const times: number[] = [];
  for (let round = 0; round < ROUNDS + 3; round++) {
    const began = performance.now();
    const reply = await fetch(`${origin}/attention`, { method: 'POST', headers: { 'content-type': 'application/json', accept }, body });
    await reply.arrayBuffer();
    if (reply.status !== 200) throw new Error(`the service answered ${reply.status}`);
    if (round >= 3) times.push(performance.now() - began);
  }
  return spread(times);
}

async function inBrowser<Result>(measure: (browser: Browser) => Promise<Result>): Promise<Result> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS.split(' ') });
  try {
    return await measure(browser);
  } finally {
    await browser.close();
  }
}

/** The page with n tokens of d numbers, every one a query, after it has come to rest. */
async function opened(browser: Browser, { origin }: ServerProcess, n: number, d: number): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  const tokens = numbers(n, d).map((row) => row.join(','));
  await page.goto(`${origin}/#tokens=${tokens.join(';')}&all`);
  await page.locator('[data-stage="weights"] canvas').waitFor();
  await page.waitForTimeout(1000);
  return page;
}

async function edits(browser: Browser, server: ServerProcess): Promise<Spread> {
  return spread(await paintingTimes(await opened(browser, server, 64, 64)));
}

/** Frames a second with a new picture, from an answer of the service each, while the mouse drags a tip in a circle. */
async function drags(browser: Browser, server: ServerProcess): Promise<Spread> {
  const page = await opened(browser, server, 16, 8);
  await page.evaluate(() => {
    const drawn = document.querySelector('.plane svg');
    if (!drawn) throw new Error('the plane is drawn');
    let isNew = false;
    new MutationObserver(() => (isNew = true)).observe(drawn, { childList: true, subtree: true, attributes: true });
    const counted = Object.assign(globalThis, { frames: 0 });
    const count = () => {
      if (isNew) counted.frames++;
      isNew = false;
      requestAnimationFrame(count);
    };
    count();
  });
  const frames = () => page.evaluate(() => (globalThis as unknown as { frames: number }).frames);
  const rates: number[] = [];
  for (let round = 0; round < DRAGS; round++) {
    const tip = page.locator('[data-tip="key t3"]');
    await tip.scrollIntoViewIfNeeded();
    const box = await tip.locator('circle').last().boundingBox();
    if (!box) throw new Error('the tip is in sight');
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    await page.mouse.move(x, y);
    await page.mouse.down();
    const [before, began] = [await frames(), performance.now()];
    for (let angle = 0; performance.now() - began < DRAG_MS; angle += 0.1)
      await page.mouse.move(x - 20 + 20 * Math.cos(angle), y + 20 * Math.sin(angle));
    rates.push(((await frames()) - before) / ((performance.now() - began) / 1000));
    await page.mouse.up();
  }
  return spread(rates);
}

/** The bodies of everything that the page asks for until its first picture, as they are sent. */
async function loaded(browser: Browser, { origin }: ServerProcess): Promise<Spread> {
  const page = await browser.newPage();
  await page.goto(origin);
  await page.locator('[data-stage="weights"] td').first().waitFor();
  const bytes = await page.evaluate(() =>
    [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].reduce(
      (sum, entry) => sum + (entry as PerformanceResourceTiming).encodedBodySize,
      0,
    ),
  );
  return spread([bytes / 1000]);
}

/** Milliseconds from typing a number to the frame after the last of the stages was drawn. */
function paintingTimes(page: Page): Promise<number[]> {
  return page.evaluate(
    async ({ EDITS, SETTLE_MS }) => {
      const input = document.querySelector<HTMLInputElement>('[aria-label="t5, d5"]');
      if (!input) throw new Error('the grid has no cell "t5, d5"');
      const drawing = CanvasRenderingContext2D.prototype;
      const draw = drawing.putImageData;
      const inSight = document.querySelectorAll('[data-stage]:not([hidden]) canvas').length;
      const times: number[] = [];
      for (let edit = 0; edit < EDITS; edit++) {
        const painted = new Promise<void>((resolve) => {
          let stages = 0;
          drawing.putImageData = function (this: CanvasRenderingContext2D, ...image: Parameters<typeof draw>) {
            draw.apply(this, image);
            if (++stages === inSight) requestAnimationFrame(() => setTimeout(resolve));
          } as typeof draw;
        });
        const began = performance.now();
        input.value = String((edit % 7) / 3 - 1);
        input.dispatchEvent(new Event('input', { bubbles: true }));
        await painted;
        times.push(performance.now() - began);
        drawing.putImageData = draw;
        await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      }
      return times;
    },
    { EDITS, SETTLE_MS },
  );
}
