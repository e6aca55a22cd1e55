import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { buildApp } from './app.ts';
import { readConfig } from './config.ts';

/*
 * Writes openapi/openapi.json and .yaml from the routes' schemas; with --check it compares instead, and fails where
 * the committed files are stale.
 */

const folder = new URL('../openapi/', import.meta.url);
const app = await buildApp(readConfig({ LOG_LEVEL: 'silent' }));
const served = async (path: string) => (await app.inject(path)).body;
const documents = {
  'openapi.json': `${JSON.stringify(JSON.parse(await served('/openapi.json')), null, 2)}\n`,
  'openapi.yaml': await served('/openapi.yaml'),
};
await app.close();

const stale = Object.entries(documents).filter(([name, text]) => committed(name) !== text);
if (process.argv.includes('--check')) {
  if (stale.length > 0) {
    process.stderr.write(`openapi/ is stale (${stale.map(([name]) => name).join(', ')}): run npm run openapi\n`);
    process.exitCode = 1;
  }
} else {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of stale) writeFileSync(new URL(name, folder), text);
}

function committed(name: string): string | undefined {
  try {
    return readFileSync(new URL(name, folder), 'utf8');
  } catch {
    return undefined;
  }
}
