import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { buildApp } from '../src/app.ts';
import { readConfig } from '../src/config.ts';
import { LESSONS } from '../src/playground/lessons.ts';
import { toLink } from '../src/playground/link.ts';
import { findBrowser, startBrowser } from '../test/playground/browser.ts';

/* Takes docs/playground.png, the README's picture of the playground, in a real browser. */

const place = findBrowser();
if (!place) throw new Error('no browser: install chromium-headless-shell or chromium, or set CHROMIUM to its path');
const causal = LESSONS.find(({ id }) => id === 'causal');
if (!causal) throw new Error('there is no lesson “causal” to take a picture of');

const app = await buildApp(readConfig({ LOG_LEVEL: 'silent' }));
await app.listen({ port: 0, host: '127.0.0.1' });
const browser = await startBrowser(place);
const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: 'light' });
const { port } = app.server.address() as AddressInfo;
await page.goto(`http://127.0.0.1:${port}/#${toLink({ ...causal.state, query: 1 })}`);
await page.getByRole('switch', { name: 'Causal' }).click();
await page.locator('[data-stage="weights"] td.excluded').first().waitFor();
await page.locator('[data-stage="weights"] tbody td').nth(4).hover();
await page.evaluate('scrollTo(0, 0)');
await page.screenshot({ path: fileURLToPath(new URL('../docs/playground.png', import.meta.url)) });
await browser.close();
await app.close();
