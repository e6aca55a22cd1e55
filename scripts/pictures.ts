import { readFileSync, writeFileSync } from 'node:fs';
import { buildApp } from '../src/app.ts';
import { readConfig } from '../src/config.ts';

/*
 * Writes docs/*.md and docs/*.svg: the walk-through and the heatmaps that the README shows, made by the service itself;
 * with --check it compares instead, and fails where the committed files are stale.
 */

const TOKENS = [
  [0.2, 0.1, 0.5],
  [0.9, 0.1, 0.3],
  [0.4, 0.8, 0.2],
];
const LABELS = ['The', 'cat', 'ran'];
const PICTURES = {
  'the-cat-ran.md': { accept: 'text/markdown', body: { tokens: TOKENS, labels: LABELS, query: 2 } },
  'the-cat-ran.svg': { accept: 'image/svg+xml', body: { tokens: TOKENS, labels: LABELS } },
  'two-heads.svg': {
    accept: 'image/svg+xml',
    body: {
      tokens: [
        [1, 0, 0.5, 0.2],
        [0, 1, 0.3, 0.9],
        [0.5, 0.5, 1, 0],
        [0.2, 1.5, 0.8, 0.4],
      ],
      labels: ['The', 'cat', 'ran', 'home'],
      heads: 2,
      causal: true,
    },
  },
};

const app = await buildApp(readConfig({ LOG_LEVEL: 'silent', ENGINE: 'reference', THREADS: '1' }));
for (const [name, { accept, body }] of Object.entries(PICTURES)) {
  const { payload } = await app.inject({ method: 'POST', url: '/attention', headers: { accept }, payload: body });
  const file = new URL(`../docs/${name}`, import.meta.url);
  if (!process.argv.includes('--check')) writeFileSync(file, payload);
  else if (readFileSync(file, 'utf8') !== payload) {
    process.stderr.write(`docs/${name} is stale: run npm run pictures\n`);
    process.exitCode = 1;
  }
}
await app.close();
