import type { Page } from 'playwright-core';
import { describe, expect } from 'vitest';
import { useService } from '../http/service.ts';
import { useBrowser } from '../playground/browser.ts';
import { MASKED_HEADS, NOTHING, SEED } from './lessons.ts';

const service = useService();
const inBrowser = useBrowser();

const rows = (n: number, width: number) => Array.from({ length: n }, (_, i) => Array.from({ length: width }, (_cell, c) => Math.sin(3 * i + c)));
const LONG = ['internationalisation', 'Donaudampfschifffahrt', 'M'.repeat(40), '日本語日本語日本語日本語'];

const PICTURES = {
  'one cell': { tokens: [[1]] },
  'a sink over one cell': { tokens: [[1]], sink: 0 },
  'a row with nothing to attend to': NOTHING,
  'three tokens': SEED,
  'masked heads': MASKED_HEADS,
  '40 tokens, one query': { tokens: rows(40, 3), query: 0 },
  '40 tokens that are all alike, one query': { tokens: rows(40, 1).map(() => [1]), query: 0 },
  'a query of 40 far apart': { tokens: rows(40, 3).map((row) => row.map((x) => 30 * x)), query: 0 },
  'long labels': { tokens: rows(4, 2), labels: LONG },
  'long labels, one query': { tokens: rows(4, 2), labels: LONG, query: 2, causal: true },
  '16 heads of 64': { tokens: rows(64, 16), heads: 16 },
};

/** Boxes of all words of the picture, as they are drawn. */
async function wordsOf(page: Page): Promise<{ text: string; legend: boolean; left: number; right: number; top: number; bottom: number }[]> {
  return page.evaluate(`[...document.querySelectorAll('text')].map((text) => {
    const { left, right, top, bottom } = text.getBoundingClientRect();
    return { text: text.lastChild.textContent, legend: text.parentNode === document.querySelector('svg').lastElementChild, left, right, top, bottom };
  })`);
}

/** Coloured cells have no words but their tooltips, and a browser takes seconds to lay 65,536 of them out. */
function withoutCells(picture: string): string {
  return picture.replaceAll(/<rect class="cell".*?<\/rect>/gs, '');
}

describe('in the picture of', () => {
  for (const [name, body] of Object.entries(PICTURES)) {
    inBrowser(`${name} no word is cut off, and the legend’s stand apart`, async (open) => {
      const { text } = await service.ask(body, { headers: { accept: 'image/svg+xml' } });
      const { page } = await open('about:blank', { viewport: { width: 1700, height: 1800 } });
      await page.setContent(`<body style="margin:0">${withoutCells(text)}`);
      const words = await wordsOf(page);
      const { width, height } = (await page.evaluate(
        `(({ width, height }) => ({ width, height }))(document.querySelector('svg').getBoundingClientRect())`,
      )) as Record<'width' | 'height', number>;
      const cut = words.filter(({ left, right, top, bottom }) => left < 0 || top < 0 || right > width || bottom > height);
      expect(cut).toEqual([]);
      const legend = words.filter((word) => word.legend && word.text !== 'weight' && word.text !== 'masked').toSorted((a, b) => a.left - b.left);
      expect(legend.length).toBeGreaterThan(1);
      expect(legend.filter(({ right }, k) => right + 2 > (legend[k + 1]?.left ?? Number.POSITIVE_INFINITY))).toEqual([]);
    });
  }
});
