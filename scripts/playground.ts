import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/*
 * Bundles src/playground into src/playground/built, which is committed, so that the service starts without a build;
 * with --check it compares instead, and fails where the committed files are stale.
 */

const source = new URL('../src/playground/', import.meta.url);
const folder = new URL('built/', source);

const { outputFiles } = await build({
  entryPoints: { playground: fileURLToPath(new URL('main.ts', source)), style: fileURLToPath(new URL('style.css', source)) },
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  charset: 'utf8',
  legalComments: 'none',
  outdir: fileURLToPath(folder),
  entryNames: 'playground',
  write: false,
  logLevel: 'error',
});

const stale = outputFiles.filter(({ path, text }) => committed(path) !== text);
if (process.argv.includes('--check')) {
  if (stale.length > 0) {
    process.stderr.write('src/playground/built is stale: run npm run playground\n');
    process.exitCode = 1;
  }
} else {
  mkdirSync(folder, { recursive: true });
  for (const { path, contents } of stale) writeFileSync(path, contents);
}

function committed(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
