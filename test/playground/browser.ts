import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, type TestContext, test } from 'vitest';
import { skipSlow } from '../slow.ts';

/** The shell has the engine alone: a page takes less than half of the processor's time that it takes in a whole browser, and none while it is idle. */
const PLACES = [
  process.env['CHROMIUM'],
  '/usr/bin/chromium-headless-shell',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];
const FLAGS = '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';

/** A page in a real browser, and what it said and asked for. */
interface Watched {
  readonly page: Page;
  readonly errors: string[];
  readonly requests: string[];
}

/** Where a browser is, if there is one. */
export function findBrowser(): string | undefined {
  return PLACES.find((place) => place !== undefined && existsSync(place));
}

/** A headless browser that asks nobody but the pages' own hosts. */
export function startBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: FLAGS.split(' ') });
}

type Open = (address: string, options?: BrowserContextOptions) => Promise<Watched>;

/** Tests in a real browser; where none is found, each says so and is skipped, and a slow one where CI=true is not set. */
export function useBrowser(): (name: string, body: (open: Open) => Promise<void>, options?: { readonly slow: boolean }) => void {
  const place = findBrowser();
  let browser: Browser | undefined;
  beforeAll(async () => {
    if (place) browser = await startBrowser(place);
  });
  afterAll(() => browser?.close());
  return (name, body, { slow } = { slow: false }) =>
    test(name, { timeout: 120_000 }, async (context: TestContext) => {
      if (slow) skipSlow(context);
      const running = browser;
      if (!running) return context.skip('no browser: install chromium-headless-shell or chromium, or set CHROMIUM to its path');
      const opened: Page[] = [];
      await body(async (address, options) => {
        const page = await running.newPage(options);
        opened.push(page);
        return watched(page, address);
      }).finally(() => Promise.all(opened.map((page) => page.close())));
    });
}

async function watched(page: Page, address: string): Promise<Watched> {
  const errors: string[] = [];
  const requests: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && errors.push(message.text()));
  page.on('request', (request) => requests.push(request.url()));
  await page.goto(address);
  return { page, errors, requests };
}
