import { readFileSync } from 'node:fs';
import type { Locator, Page } from 'playwright-core';
import { describe, expect } from 'vitest';
import { useService } from '../http/service.ts';
import { openAll, violations } from './axe.ts';
import { useBrowser } from './browser.ts';
import { cutNumbers } from './cut.ts';

const service = useService();
const locked = useService({ API_KEY: 'secret-key' });
const inBrowser = useBrowser();

const stage = (page: Page, name: string) => page.locator(`[data-stage="${name}"]`);
const numbers = async (figure: Locator) => (await figure.locator('tbody td > span').allTextContents()).map((text) => Number(text.replace('−', '-')));
const cell = (page: Page, name: string) => page.getByLabel(name, { exact: true });
const turn = (page: Page, name: string) => page.getByRole('switch', { name }).click();
const shown = (page: Page, name: string, text: string) => expect.poll(() => stage(page, name).innerText()).toContain(text);

/** Rows of numbers of seven characters and more, as a link has them. */
const numbersOf = (rows: number, columns: number) =>
  Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_number, c) => (100 * Math.sin(i * 7 + c * 3)).toFixed(3)).join(',')).join(
    ';',
  );

/** Two edits of one number and what follows them, in one go: faster than any hand. */
const editTwice = (then: string) => `(() => {
  const input = document.querySelector('[aria-label="cat, x"]');
  for (const value of ['0.7', '0.77']) {
    input.value = value;
    input.dispatchEvent(new InputEvent('input', { bubbles: true }));
  }
  ${then};
})()`;

describe('the first picture', () => {
  inBrowser('“The cat ran” is computed, nothing is complained of, and nobody else is asked', async (open) => {
    const { page, errors, requests } = await open(service.url);
    await shown(page, 'weights', '0.4402');
    expect(await numbers(stage(page, 'weights'))).toEqual([0.2465, 0.3133, 0.4402]);
    expect(await numbers(stage(page, 'context'))).toEqual([0.5074, 0.4081, 0.3053]);
    expect(await page.locator('#softmax tbody tr').last().innerText()).toContain('0.4402');
    expect(errors).toEqual([]);
    expect(new Set(requests.map((url) => new URL(url).origin))).toEqual(new Set([service.url]));
  });

  inBrowser('a number that is looked at is written out', async (open) => {
    const { page } = await open(service.url);
    await shown(page, 'weights', '0.4402');
    await stage(page, 'raw').locator('tbody td').nth(1).hover();
    await expect.poll(() => page.locator('#written-lines').innerText()).toContain('0.4 × 0.9 + 0.8 × 0.1 + 0.2 × 0.3');
    expect(await page.locator('#written-lines').innerText()).toContain('= 0.36 + 0.08 + 0.06');
  });
});

describe('pictures out of sight', () => {
  inBrowser('are drawn soon after those in sight, or when they are scrolled to, or before the page is printed', async (open) => {
    const { page } = await open(service.url, { viewport: { width: 1440, height: 500 } });
    const softmax = () => page.locator('#softmax').textContent();
    await shown(page, 'weights', '0.4402');
    await expect.poll(softmax).toContain('0.4402');
    // Time stands still, and with it what is drawn soon after.
    await page.clock.install();
    await page.clock.pauseAt(Date.now() + 60_000);
    const edit = async (text: string, weight: string) => {
      await page.evaluate('scrollTo(0, 0)');
      await cell(page, 'cat, x').fill(text);
      await shown(page, 'weights', weight);
    };
    await edit('1.9', '0.3814');
    expect(await softmax()).not.toContain('0.3814');
    await page.clock.runFor(200);
    await expect.poll(softmax).toContain('0.3814');
    await edit('2.9', '0.3181');
    await page.evaluate(`dispatchEvent(new Event('beforeprint'))`);
    expect(await softmax()).toContain('0.3181');
    await edit('0.9', '0.4402');
    await page.locator('#softmax').scrollIntoViewIfNeeded();
    await expect.poll(softmax).toContain('0.4402');
  });
});

describe('in sight', () => {
  const FIVE_WIDE =
    '#labels=The,cat,internationalization%20of%20everything,ran&dimensions=a,b,c,d,e&tokens=0.2,-0.404,0.5,1234.5678,0.1;0.9,0.1,0.3,-123456.789,1;1,0.12345,3,1,1;0.4,0.8,0.2,1,2&ask=2&all&scale=-0.123456&softcap=1234567.5';
  const FOUR = '#labels=The,cat,ran,far&tokens=0.2,0.1,0.5;0.9,0.1,0.3;0.4,0.8,0.2;0.1,0.7,0.3&ask=2&all';

  /** A bias, projections, and more numbers than a matrix of them shows. */
  const BESIDE = `#tokens=${numbersOf(12, 5)}&all&bias=${numbersOf(12, 12)}&w_query=${numbersOf(5, 12)}&w_key=${numbersOf(5, 12)}`;

  inBrowser('no number is cut off without a sign, from 320 to 2560 pixels', async (open) => {
    for (const [link, widths] of [
      ['', [320, 2560]],
      [FOUR, [375, 1024, 1440]],
      [FIVE_WIDE, [320, 600, 900, 1440, 1920]],
      [BESIDE, [320, 1440]],
    ] as const) {
      const { page } = await open(`${service.url}/${link}`);
      await stage(page, 'weights').locator('tbody td, canvas').first().waitFor();
      await openAll(page);
      for (const width of widths) {
        await page.setViewportSize({ width, height: 900 });
        await expect.poll(() => cutNumbers(page), { message: `${width} pixels wide` }).toEqual([]);
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      }
    }
  });

  inBrowser('four tokens at 1440 pixels are shown whole', async (open) => {
    const { page } = await open(`${service.url}/${FOUR}`, { viewport: { width: 1440, height: 900 } });
    await expect.poll(() => stage(page, 'weights').locator('tbody td').count()).toBe(16);
    await expect.poll(() => page.locator('[data-more]').count()).toBe(0);
  });

  inBrowser('what is written out covers no cell, and a cell that the keyboard moves to scrolls clear of it', async (open) => {
    const { page } = await open(`${service.url}/${FOUR}&lesson=plain`, { viewport: { width: 1440, height: 900 } });
    await page.getByRole('button', { name: 'Reveal' }).click();
    await page.locator('.verdict p').first().waitFor();
    await expect.poll(() => page.locator('body.stale').count()).toBe(0);
    const covered = (cells: string) =>
      page.evaluate(`(() => {
        const card = document.querySelector('.written').getBoundingClientRect();
        const boxes = [...document.querySelectorAll('${cells}')].map((cell) => cell.getBoundingClientRect());
        return boxes.filter(({ top, bottom }) => bottom > card.top && top < card.bottom).length;
      })()`);
    expect(await covered('[data-stage] td')).toBe(0);
    await page.setViewportSize({ width: 1440, height: 500 });
    await page.getByRole('button', { name: 'Show them' }).click();
    for (const name of ['context', 'masked', 'raw']) {
      await page.evaluate('scrollTo(0, document.body.scrollHeight)');
      await stage(page, name).locator('td[tabindex="0"]').focus();
      for (const key of ['ArrowDown', 'ArrowUp', 'ArrowRight']) await page.keyboard.press(key);
      expect(await stage(page, name).locator('td.here').count()).toBe(1);
      expect(await covered(`[data-stage="${name}"] td.here`)).toBe(0);
    }
  });

  inBrowser('names stay in sight while a large grid scrolls, and cover no number that the keyboard moves to', async (open) => {
    const { page } = await open(`${service.url}/#tokens=${numbersOf(24, 24)}`, { viewport: { width: 1440, height: 900 } });
    await cell(page, 't0, d0').focus();
    const press = async (key: string, times: number) => {
      for (let time = 0; time < times; time++) await page.keyboard.press(key);
    };
    /** The number that has the focus, between the names and the edges of the grid. */
    const isClear = () =>
      page.evaluate(`(() => {
        const boxOf = (element) => element.getBoundingClientRect();
        const input = document.activeElement;
        const [number, name, heads, sheet] = [input, input.closest('tr').cells[0], input.closest('table').tHead, input.closest('.sheet')].map(boxOf);
        return name.left >= sheet.left - 1 && heads.top >= sheet.top - 1 &&
          number.left >= name.right - 1 && number.top >= heads.bottom - 1 && number.right <= sheet.right + 1 && number.bottom <= sheet.bottom + 1;
      })()`);
    for (const [across, down, times, name] of [
      ['ArrowRight', 'ArrowDown', 20, 't20, d20'],
      ['ArrowLeft', 'ArrowUp', 16, 't4, d4'],
    ] as const) {
      await press(across, times);
      await press(down, times);
      expect(await page.evaluate('document.activeElement.ariaLabel')).toBe(name);
      await expect.poll(isClear).toBe(true);
    }
  });

  inBrowser('a tap writes a number out, where the finger can see it', async (open) => {
    const { page } = await open(service.url, { viewport: { width: 375, height: 740 }, hasTouch: true, isMobile: true });
    await shown(page, 'weights', '0.4402');
    await stage(page, 'raw').locator('tbody td').nth(1).tap();
    await expect.poll(() => page.locator('#written-lines').innerText()).toContain('0.4 × 0.9 + 0.8 × 0.1 + 0.2 × 0.3');
    await stage(page, 'context').locator('tbody td').nth(2).tap();
    await expect.poll(() => page.locator('#written-lines').innerText()).toContain('Σ weight × value = 0.2465 × 0.5');
    const inSight = await page.evaluate(`(() => {
      const [card, cell] = ['.written', 'td.here'].map((one) => document.querySelector(one).getBoundingClientRect());
      return card.top >= 0 && card.bottom <= innerHeight && cell.top >= card.bottom && cell.bottom <= innerHeight;
    })()`);
    expect(inSight).toBe(true);
  });

  inBrowser('a tap on a drawn matrix writes a number out too', async (open) => {
    const tokens = Array.from({ length: 12 }, (_, i) => `${i / 10},1`).join(';');
    const { page } = await open(`${service.url}/#tokens=${tokens}&all`, { viewport: { width: 375, height: 740 }, hasTouch: true, isMobile: true });
    await stage(page, 'raw')
      .locator('canvas')
      .tap({ position: { x: 3, y: 3 } });
    await expect.poll(() => page.locator('#written-title').innerText()).toContain('Raw score: query t0, key t0');
  });
});

describe('editing', () => {
  inBrowser('undo takes back one edit at a time, and looking is none', async (open) => {
    const { page } = await open(service.url);
    await shown(page, 'weights', '0.4402');
    const undo = page.getByRole('button', { name: 'Undo' });
    await cell(page, 'cat, x').fill('');
    await cell(page, 'cat, x').pressSequentially('2.5');
    await cell(page, 'cat, y').fill('7');
    for (let more = 0; more < 2; more++) await page.getByRole('button', { name: '+ token' }).click();
    await page.getByRole('button', { name: 'The: query' }).click();
    const rows = () => page.locator('#tokens tbody tr').count();
    const chosen = () => page.locator('#tokens tr.chosen').evaluate((row) => (row as unknown as { sectionRowIndex: number }).sectionRowIndex);
    expect([await rows(), await chosen()]).toEqual([5, 0]);
    await undo.click();
    expect([await rows(), await chosen()]).toEqual([5, 2]);
    await undo.click();
    expect(await rows()).toBe(4);
    await undo.click();
    expect([await rows(), await cell(page, 'cat, y').inputValue()]).toEqual([3, '7']);
    await undo.click();
    expect([await cell(page, 'cat, y').inputValue(), await cell(page, 'cat, x').inputValue()]).toEqual(['0.1', '2.5']);
    await undo.click();
    expect(await cell(page, 'cat, x').inputValue()).toBe('0.9');
    expect(await undo.isDisabled()).toBe(true);
    await page.getByRole('button', { name: 'Redo' }).click();
    expect(await cell(page, 'cat, x').inputValue()).toBe('2.5');
  });

  inBrowser('a stroke of the brush is one edit, and each stroke its own', async (open) => {
    const { page } = await open(service.url);
    await turn(page, 'Every token is a query');
    await turn(page, 'Mask');
    const cells = stage(page, 'masked').locator('tbody td');
    await expect.poll(() => cells.count()).toBe(9);
    const excluded = () => stage(page, 'masked').locator('td.excluded').count();
    await cells.nth(0).hover();
    await page.mouse.down();
    for (const at of [1, 2]) await cells.nth(at).hover();
    await page.mouse.up();
    await expect.poll(excluded).toBe(3);
    await cells.nth(4).click();
    await expect.poll(excluded).toBe(4);
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect.poll(excluded).toBe(3);
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect.poll(excluded).toBe(0);
    expect(await page.getByRole('switch', { name: 'Mask' }).isChecked()).toBe(true);
  });

  inBrowser('an edited number changes the weights as the service says, and what changed is shown', async (open) => {
    const { page } = await open(service.url);
    await shown(page, 'weights', '0.4402');
    await cell(page, 'cat, x').fill('2.5');
    const { json } = await service.ask({
      tokens: [
        [0.2, 0.1, 0.5],
        [2.5, 0.1, 0.3],
        [0.4, 0.8, 0.2],
      ],
      query: 2,
      include: ['weights'],
      decimals: 4,
    });
    await expect.poll(() => numbers(stage(page, 'weights'))).toEqual(json.weights);
    expect(await page.locator('#change').innerText()).toContain('a number of cat');
    expect(await stage(page, 'weights').locator('td small').allInnerTexts()).toContainEqual(expect.stringMatching(/^\+0\.\d+/));
    await page.getByRole('button', { name: 'Undo' }).click();
    await shown(page, 'weights', '0.4402');
  });

  inBrowser('tokens and dimensions are added, removed, renamed and pasted; a click makes a token ask', async (open) => {
    const { page } = await open(service.url);
    await page.getByRole('button', { name: '+ token' }).click();
    await page.getByRole('button', { name: '+ dimension' }).click();
    await cell(page, 'Name of token 3').fill('far');
    await page.getByRole('button', { name: 'far: query' }).click();
    await shown(page, 'weights', 'far');
    expect(await numbers(stage(page, 'context'))).toHaveLength(4);
    await page.getByRole('button', { name: 'Remove token 0' }).click();
    await page.locator('#tokens summary').click();
    await page.getByLabel(/^Numbers for Tokens/).fill('[[1.  0.]\n [0.  1.]]');
    await page.getByRole('button', { name: 'Use these numbers' }).first().click();
    await expect.poll(() => numbers(stage(page, 'context'))).toHaveLength(2);
  });

  inBrowser('the mask is painted on the matrix', async (open) => {
    const { page } = await open(service.url);
    await turn(page, 'Every token is a query');
    await turn(page, 'Mask');
    await expect.poll(() => numbers(stage(page, 'masked'))).toHaveLength(9);
    await stage(page, 'masked').locator('tbody td').nth(1).click();
    await expect.poll(() => stage(page, 'weights').locator('td.excluded').count()).toBe(1);
    expect(await page.locator('#written-lines').innerText()).toContain('excluded');
  });

  inBrowser('bad input is marked where it stands, in the page’s words and in sight, and nothing typed is lost', async (open) => {
    const { page } = await open(service.url);
    await shown(page, 'weights', '0.4402');
    await cell(page, 'cat, y').fill('abc');
    await cell(page, 'Softcap: cap').fill('-1');
    const faults = page.locator('#faults');
    await expect.poll(() => faults.innerText()).toContain('cat, y must be a number, and “abc” is none');
    await expect.poll(() => faults.innerText()).toContain('Softcap must be greater than 0');
    for (const far of ['0', 'document.body.scrollHeight']) {
      await page.evaluate(`scrollTo(0, ${far})`);
      await expect.poll(() => inSight(page, '#faults')).toBe(true);
    }
    for (const name of ['cat, y', 'Softcap: cap']) expect(await cell(page, name).getAttribute('aria-invalid')).toBe('true');
    expect(await cell(page, 'cat, y').inputValue()).toBe('abc');
    await shown(page, 'weights', '0.4402');
    await cell(page, 'cat, y').fill('0.1');
    await cell(page, 'Softcap: cap').fill('2');
    await expect.poll(() => faults.isHidden()).toBe(true);
    expect(await page.locator('[aria-invalid]').count()).toBe(0);
  });
});

describe('every option', () => {
  /** The first request whose body has this; one of an earlier edit may still be on its way. */
  const asking = (page: Page, text: string) => page.waitForRequest((request) => request.postData()?.includes(text) ?? false);

  inBrowser('has its switch: values, biases, slopes, the base of rope, a sink a head', async (open) => {
    const { page } = await open(service.url);
    await shown(page, 'weights', '0.4402');
    for (const name of ['Values of their own', 'b_query', 'b_key', 'b_value', 'b_output', 'Bias', 'Heads']) await turn(page, name);
    await cell(page, 'value 0, 0').fill('7');
    await cell(page, 'ran, cat').fill('-1');
    await cell(page, 'Sink: the sink’s logit, or one a head').fill('0.5');
    await page.getByLabel('Positions: kind of positions').selectOption('alibi');
    const asked = asking(page, '"slopes"');
    await page.getByLabel('Positions: slopes').fill('0.5');
    expect((await asked).postDataJSON()).toMatchObject({
      values: [
        [7, 0.1, 0.5],
        [0.9, 0.1, 0.3],
        [0.4, 0.8, 0.2],
      ],
      b_query: [0, 0, 0],
      b_key: [0, 0, 0],
      b_value: [0, 0, 0],
      b_output: [0, 0, 0],
      bias: [0, -1, 0],
      heads: 1,
      sink: 0.5,
      position: { type: 'alibi', slopes: [0.5] },
    });
    await shown(page, 'masked', '+ bias, − slope · distance');
    await stage(page, 'masked').locator('tbody td').nth(1).hover();
    // 0.5 − 1 (bias) − 0.5 · 1 (slope × distance)
    await expect.poll(() => page.locator('#written-lines').innerText()).toContain('= 0.5 + (−1) − 0.5 = −1');
    // The address follows at a pause.
    await expect.poll(() => page.url()).toContain('slopes=0.5');
    const other = (await open(page.url())).page;
    await shown(other, 'masked', '+ bias, − slope · distance');
    await expect.poll(() => numbers(stage(other, 'weights'))).toEqual(await numbers(stage(page, 'weights')));
  });

  inBrowser('the sink has a column, so that the weights add up to 1, and its share is written out', async (open) => {
    const { page } = await open(service.url);
    await cell(page, 'Sink: the sink’s logit, or one a head').fill('0.5');
    await shown(page, 'weights', 'sink');
    const shares = await numbers(stage(page, 'weights'));
    expect(shares).toHaveLength(4);
    expect(shares.reduce((sum, share) => sum + share)).toBeCloseTo(1, 3);
    await stage(page, 'weights').locator('tbody td').nth(3).hover();
    await expect.poll(() => page.locator('#written-lines').innerText()).toContain('no value goes with it');
  });

  inBrowser('queries, keys and values are shown where they are not the tokens, with row × W written out', async (open) => {
    const { page } = await open(service.url);
    await shown(page, 'weights', '0.4402');
    expect(await stage(page, 'queries').isVisible()).toBe(false);
    await page.getByRole('button', { name: 'Trainable projections' }).click();
    await page.getByRole('button', { name: 'Reveal' }).click();
    await shown(page, 'w_query', 'w_query');
    const { json } = await service.ask({
      tokens: [
        [0.2, 0.1, 0.5],
        [0.9, 0.1, 0.3],
        [0.4, 0.8, 0.2],
      ],
      w_query: [
        [1, 0],
        [0, 1],
        [1, 1],
      ],
      w_key: [
        [1, 0],
        [1, 1],
        [0, 1],
      ],
      include: ['queries'],
      decimals: 4,
    });
    await expect.poll(() => numbers(stage(page, 'queries'))).toEqual(json.queries.flat());
    expect(await numbers(stage(page, 'w_query'))).toEqual([1, 0, 0, 1, 1, 1]);
    await stage(page, 'queries').locator('tbody td').nth(2).hover();
    await expect.poll(() => page.locator('#written-lines').innerText()).toContain('0.9 × 1 + 0.1 × 0 + 0.3 × 1');
    expect(await page.locator('#written-lines').innerText()).toContain('= 1.2');
  });

  inBrowser('what is written out of a turned vector is what the service says', async (open) => {
    const { page } = await open(
      `${service.url}/#tokens=0.2,0.1,0.5,1;0.9,0.1,0.3,2;0.4,0.8,0.2,-1&all&position=rope&heads=2,1&w_query=1,0,2,1;0,1,1,1;1,1,0,1;0.5,1,1,0&w_key=1,1;0,1;1,0;2,1&w_value=1,1;0,1;1,0;2,1&base=100`,
      { viewport: { width: 1440, height: 1600 } },
    );
    await stage(page, 'queries').locator('tbody td').nth(4).waitFor();
    for (const name of ['queries', 'keys']) {
      for (const at of [2, 3]) {
        await stage(page, name).locator('tbody td').nth(at).hover();
        const result = (await stage(page, name).locator('tbody td > span').nth(at).innerText()).trim();
        await expect.poll(() => page.locator('#written-lines').innerText()).toMatch(/turned at position 1/);
        const lines = (await page.locator('#written-lines').innerText()).trim().split('\n');
        // The last line is the service's number; the one before it is the page's arithmetic.
        expect(lines.at(-1)).toBe(`= ${result}`);
        expect(Number(lines.at(-2)?.split('= ').at(-1)?.replace('−', '-'))).toBeCloseTo(Number(result.replace('−', '-')), 3);
      }
    }
  });

  inBrowser('steps that change nothing are folded away, and can be shown', async (open) => {
    const { page } = await open(service.url);
    await shown(page, 'weights', '0.4402');
    const visible = () => page.locator('[data-stage]:visible').evaluateAll((stages) => stages.map((one) => one.getAttribute('data-stage')));
    expect(await visible()).toEqual(['raw', 'weights', 'context']);
    await page.getByRole('button', { name: 'Show them' }).click();
    expect(await visible()).toEqual(['raw', 'scaled', 'capped', 'masked', 'weights', 'context']);
    await page.getByRole('button', { name: 'Fold them away' }).click();
    for (const name of ['Every token is a query', 'Causal']) await turn(page, name);
    await expect.poll(visible).toEqual(['raw', 'masked', 'weights', 'context']);
  });

  inBrowser('on a phone weights and context vectors come first', async (open) => {
    const { page } = await open(service.url, { viewport: { width: 375, height: 740 } });
    await shown(page, 'weights', '0.4402');
    const order = await page.locator('[data-stage]:visible').evaluateAll((stages) => stages.map((one) => one.getAttribute('data-stage')));
    expect(order).toEqual(['weights', 'context', 'raw']);
  });
});

describe('what comes in', () => {
  const REQUEST = {
    tokens: [
      [1, 0],
      [0, 1],
    ],
    labels: ['up', 'right'],
    queries: [[3, 1]],
    scale: 0.5,
    include: ['weights'],
  };

  inBrowser('a request is opened by file, by paste into a cell and by the paste box; Undo takes it back', async (open) => {
    const { page } = await open(service.url);
    await shown(page, 'weights', '0.4402');
    const undone = async () => {
      await shown(page, 'weights', 'up');
      // 3 · 0.5 and 1 · 0.5
      expect(await numbers(stage(page, 'weights'))).toEqual([0.7311, 0.2689]);
      await page.getByRole('button', { name: 'Undo' }).click();
      await shown(page, 'weights', '0.4402');
    };
    const chooser = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Open request' }).click();
    await (await chooser).setFiles({
      name: 'attention.json',
      mimeType: 'application/json',
      buffer: Buffer.from(JSON.stringify({ request: REQUEST, reply: {} })),
    });
    await undone();
    await page.evaluate(`(() => {
      const data = new DataTransfer();
      data.setData('text/plain', ${JSON.stringify(JSON.stringify(REQUEST))});
      document.querySelector('[aria-label="cat, x"]').dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
    })()`);
    await undone();
    await page.locator('#tokens summary').click();
    await page.getByLabel(/^Numbers for Tokens/).fill(JSON.stringify(REQUEST));
    await page.getByRole('button', { name: 'Use these numbers' }).first().click();
    await undone();
  });

  inBrowser('a decimal comma gets a hint where it stands, and a file that is no request is said to be none', async (open) => {
    const { page } = await open(service.url);
    await shown(page, 'weights', '0.4402');
    await cell(page, 'cat, x').fill('0,9');
    await expect.poll(() => page.locator('#faults').innerText()).toContain('cat, x is “0,9”: write it with a point, 0.9');
    const chooser = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Open request' }).click();
    await (await chooser).setFiles({ name: 'notes.json', mimeType: 'application/json', buffer: Buffer.from('[1]') });
    await expect.poll(() => page.locator('#link-said').innerText()).toContain('notes.json holds no request');
  });

  inBrowser('a link that opens with a fault says so, in sight, and shows no empty pictures', async (open) => {
    const { page } = await open(`${service.url}/#tokens=0.2,x;1,2`);
    await expect.poll(() => page.locator('#nothing').innerText()).toContain('There is no picture yet');
    expect(await page.locator('[data-stage]:visible').count()).toBe(0);
    expect(await page.locator('#faults').innerText()).toContain('“x” is none');
    expect(await inSight(page, '#faults')).toBe(true);
    await cell(page, 't0, d1').fill('1');
    await expect.poll(() => stage(page, 'weights').isVisible()).toBe(true);
    expect(await page.locator('#nothing').isVisible()).toBe(false);
  });
});

describe('links and lessons', () => {
  inBrowser('a link restores the state', async (open) => {
    const { page } = await open(service.url);
    await cell(page, 'The, x').fill('0.75');
    await cell(page, 'Name of token 1').fill('a, b; c');
    for (const name of ['Every token is a query', 'Causal', 'Sink', 'w_value']) await turn(page, name);
    await expect.poll(() => page.url()).toContain('w_value');
    await shown(page, 'weights', 'a, b; c');
    const other = (await open(page.url())).page;
    await shown(other, 'weights', 'a, b; c');
    expect(await cell(other, 'The, x').inputValue()).toBe('0.75');
    for (const name of ['weights', 'context']) expect(await numbers(stage(other, name))).toEqual(await numbers(stage(page, name)));
    for (const name of ['Causal', 'Sink', 'w_value']) expect(await other.getByRole('switch', { name }).isChecked()).toBe(true);
  });

  inBrowser('a prediction is asked for, then tried; the browser’s back button leads back', async (open) => {
    const { page } = await open(service.url);
    await page.getByRole('button', { name: 'Causal' }).click();
    await page.getByLabel('About a third, as before').check();
    await page.getByRole('button', { name: 'Reveal' }).click();
    await expect.poll(() => page.locator('.verdict').innerText()).toContain('Not quite: 1.');
    await expect.poll(() => numbers(stage(page, 'weights'))).toEqual([1, Number.NaN, Number.NaN, 0.4185, 0.5815, Number.NaN, 0.282, 0.3239, 0.3941]);
    await page.goBack();
    await expect.poll(() => page.locator('#lesson h2').innerText()).toBe('Plain attention');
  });
});

describe('taking it along', () => {
  inBrowser('the copied link is of the newest state, and that it is copied is said beside the button', async (open) => {
    const { page } = await open(service.url, { permissions: ['clipboard-read', 'clipboard-write'] });
    await shown(page, 'weights', '0.4402');
    // As fast as the page lets itself be used: the address follows only at a pause.
    await page.evaluate(editTwice(`document.querySelector('#copy-link').click()`));
    const said = page.locator('#link-said');
    await expect.poll(() => said.innerText()).toBe('The link is copied.');
    expect(await page.evaluate('navigator.clipboard.readText()')).toContain('0.77,0.1,0.3');
    expect(await inSight(page, '#link-said')).toBe(true);
  });

  inBrowser('an edit just before a lesson is begun is in the history', async (open) => {
    const { page } = await open(service.url);
    await shown(page, 'weights', '0.4402');
    // Two edits: the address has the first at once, the second only at a pause.
    await page.evaluate(editTwice(`document.querySelectorAll('#course button')[1].click()`));
    await page.goBack();
    await expect.poll(() => cell(page, 'cat, x').inputValue()).toBe('0.77');
  });

  inBrowser('as code in four languages, and as JSON, CSV, the service’s own picture in SVG and PNG, and its walk-through', async (open) => {
    const { page } = await open(service.url);
    await shown(page, 'weights', '0.4402');
    await page.locator('#share > summary').click();
    for (const [language, words] of [
      ['fetch', "await fetch('"],
      ['Python requests', 'requests.post("'],
      ['PyTorch', 'scores = q @ k.mT'],
      ['curl', `curl -sS ${service.url}/attention`],
    ] as const) {
      await page.getByRole('button', { name: language, exact: true }).click();
      await expect.poll(() => page.locator('#code').innerText()).toContain(words);
    }
    expect(JSON.parse(await saved(page, 'JSON')).reply.weights[2]).toBeCloseTo(0.4402, 4);
    expect((await saved(page, 'CSV')).split('\r\n')[3]).toMatch(/^0,ran,ran,0\.84\d*,0\.84\d*,0\.84\d*,0\.4402\d*$/);
    const { text: drawn } = await service.ask(JSON.parse(await saved(page, 'JSON')).request, { headers: { accept: 'image/svg+xml' } });
    expect(await saved(page, 'SVG')).toBe(drawn);
    const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(drawn) ?? [];
    const png = await savedBytes(page, 'PNG');
    expect([png.toString('latin1', 1, 4), png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual(['PNG', 2 * Number(width), 2 * Number(height)]);
    const colours = await page.evaluate(`(async () => {
      const image = new Image();
      image.src = 'data:image/png;base64,${png.toString('base64')}';
      await image.decode();
      const context = new OffscreenCanvas(image.width, image.height).getContext('2d');
      context.drawImage(image, 0, 0);
      return new Set(new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer)).size;
    })()`);
    expect(colours).toBeGreaterThan(10);
    expect(await saved(page, 'Walk-through')).toContain('## ');
  });
});

describe('when the service is not there', () => {
  inBrowser('that is said, what was typed is kept, and it goes on by itself', async (open) => {
    const { page } = await open(service.url);
    await shown(page, 'weights', '0.4402');
    await page.route('**/attention', (route) => route.abort());
    await cell(page, 'ran, x').fill('0.9');
    await expect.poll(() => page.locator('#away').innerText()).toContain('Your numbers are kept');
    await page.unroute('**/attention');
    await expect.poll(() => page.locator('#away').isHidden()).toBe(true);
    expect(await cell(page, 'ran, x').inputValue()).toBe('0.9');
    await expect.poll(() => page.locator('body.stale').count()).toBe(0);
  });

  inBrowser('a service that wants a key gets one, in a header; the tab keeps it and no link has it', async (open) => {
    const { page, requests } = await open(locked.url);
    const use = async (key: string) => {
      await page.getByLabel('Key', { exact: true }).last().fill(key);
      await page.getByRole('button', { name: 'Use', exact: true }).click();
    };
    await expect.poll(() => page.locator('#locked').innerText()).toContain('this service wants a key');
    const refused = page.waitForResponse((response) => response.status() === 401);
    await use('another-key');
    await refused;
    expect(await page.locator('#locked').isVisible()).toBe(true);
    await use('ключ');
    await expect.poll(() => page.locator('#locked').innerText()).toContain('a key is made of letters, digits');
    expect(await page.locator('#away').isHidden()).toBe(true);
    await use('secret-key');
    await shown(page, 'weights', '0.4402');
    expect(await page.locator('#locked').isHidden()).toBe(true);
    await turn(page, 'Causal');
    await openAll(page);
    await expect.poll(() => page.locator('#code').innerText()).toContain('Bearer YOUR_KEY');
    expect(await page.evaluate(`document.documentElement.outerHTML + location.href + document.cookie + JSON.stringify(localStorage)`)).not.toContain(
      'secret-key',
    );
    await page.reload();
    await shown(page, 'weights', '0.4402');
    expect(await page.locator('#locked').isHidden()).toBe(true);
    expect(requests.filter((address) => address.includes('secret-key'))).toEqual([]);
    const { page: another } = await open(locked.url);
    await expect.poll(() => another.locator('#locked').isVisible()).toBe(true);
  });
});

describe('for everyone', () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    inBrowser(
      `axe finds nothing in ${colorScheme}`,
      async (open) => {
        const { page } = await open(service.url, { colorScheme });
        await page.getByRole('button', { name: 'Several heads' }).click();
        await page.getByRole('button', { name: 'Reveal' }).click();
        for (const name of ['Causal', 'Cross-attention', 'w_query']) await turn(page, name);
        await cell(page, 'cat, a').fill('?');
        await expect.poll(() => page.locator('#faults li').count()).toBeGreaterThan(0);
        await openAll(page);
        expect(await violations(page)).toEqual([]);
        await open(service.url, { colorScheme }).then(async ({ page: plain }) => {
          await shown(plain, 'weights', '0.4402');
          expect(await violations(plain)).toEqual([]);
        });
      },
      { slow: colorScheme === 'dark' },
    );
  }

  inBrowser('on a phone nothing sticks out sideways', async (open) => {
    const { page } = await open(service.url, { viewport: { width: 360, height: 740 }, hasTouch: true });
    await shown(page, 'weights', '0.4402');
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    expect(await violations(page)).toEqual([]);
  });

  inBrowser('the keyboard alone reaches everything', async (open) => {
    const { page } = await open(service.url);
    await shown(page, 'weights', '0.4402');
    await page.keyboard.press('Tab');
    expect(await inSight(page, '#skip')).toBe(true);
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Play');
    await openAll(page);
    await page.evaluate(
      `document.activeElement.blur(); globalThis.reached = new Set(); addEventListener('focusin', ({ target }) => reached.add(target))`,
    );
    for (let stops = 0; stops < 150; stops++) await page.keyboard.press('Tab');
    // Within a grid and within a matrix the arrows move.
    for (const start of ['#tokens [tabindex="0"]', '[data-stage] td[tabindex="0"]']) {
      for (const grid of await page.locator(start).all()) {
        await grid.focus();
        for (const key of ['ArrowLeft', 'ArrowUp']) for (let i = 0; i < 6; i++) await page.keyboard.press(key);
        for (let row = 0; row < 4; row++) {
          for (const key of ['ArrowRight', 'ArrowLeft']) for (let i = 0; i < 6; i++) await page.keyboard.press(key);
          await page.keyboard.press('ArrowDown');
        }
      }
    }
    const missed = await page.evaluate(`[...document.querySelectorAll('a[href], button:enabled, input, select, summary, td[tabindex]')]
      .filter((element) => element.checkVisibility() && !reached.has(element) && !(element.type === 'radio' && element !== element.form))
      .map((element) => element.outerHTML.slice(0, 120))`);
    expect(missed).toEqual([]);
  });
});

/** Is an element wholly between the top and the bottom of the window? */
function inSight(page: Page, selector: string): Promise<boolean> {
  return page.evaluate(`(() => {
    const { top, bottom, height } = document.querySelector('${selector}').getBoundingClientRect();
    return height > 0 && top >= 0 && bottom <= innerHeight;
  })()`);
}

/** The text of a file that a button saves. */
async function saved(page: Page, kind: string): Promise<string> {
  return (await savedBytes(page, kind)).toString();
}

async function savedBytes(page: Page, kind: string): Promise<Buffer> {
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: kind, exact: true }).click();
  return readFileSync(await (await download).path());
}
