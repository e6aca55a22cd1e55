/// <reference lib="dom" />
import { chromium, type Page } from 'playwright-core';
import { ServerProcess } from './load/server-process.ts';
import { againstAim, heading, loadNow, table } from './report/markdown.ts';
import { type Spread, spread } from './report/statistics.ts';

/*
 * What people look at: how long the heatmap of 256 × 256 and the walk-through of 64 × 64 take, from sending the request
 * to holding the answer, and how long the playground takes from an edit of 64 tokens × 64 dimensions to the picture,
 * in a headless Chromium without a GPU.
 */

const ROUNDS = 15;
const EDITS = 30;
const SETTLE_MS = 60;
const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const FLAGS = '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';

const load = loadNow();
const server = await ServerProcess.start('service');
const rows = [
  againstAim('heatmap of 256 × 256, ms', await timed(server, 256, 16, 'image/svg+xml'), { most: 100 }),
  againstAim('walk-through of 64 × 64 numbers, ms', await timed(server, 64, 64, 'text/markdown'), { most: 50 }),
  againstAim('playground, 64 × 64, edit to picture, ms', await edits(server), { most: 100 }),
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

async function edits({ origin }: ServerProcess): Promise<Spread> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS.split(' ') });
  try {
    const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
    const tokens = numbers(64, 64).map((row) => row.join(','));
    await page.goto(`${origin}/#tokens=${tokens.join(';')}&all`);
    await page.locator('[data-stage="weights"] canvas').waitFor();
    await page.waitForTimeout(1000);
    return spread(await paintingTimes(page));
  } finally {
    await browser.close();
  }
}

/** Milliseconds from typing a number to the frame after the last of the six stages was drawn. */
function paintingTimes(page: Page): Promise<number[]> {
  return page.evaluate(
    async ({ EDITS, SETTLE_MS }) => {
      const input = document.querySelector<HTMLInputElement>('[aria-label="t5, d5"]');
      if (!input) throw new Error('the grid has no cell "t5, d5"');
      const drawing = CanvasRenderingContext2D.prototype;
      const draw = drawing.putImageData;
      const times: number[] = [];
      for (let edit = 0; edit < EDITS; edit++) {
        const painted = new Promise<void>((resolve) => {
          let stages = 0;
          drawing.putImageData = function (this: CanvasRenderingContext2D, ...image: Parameters<typeof draw>) {
            draw.apply(this, image);
            if (++stages === 6) requestAnimationFrame(() => setTimeout(resolve));
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
