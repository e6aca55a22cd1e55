import { defineConfig } from 'vitest/config';
import { part } from './parts.ts';

/** The tests of the files that PART names. */
export default defineConfig({
  test: {
    isolate: false,
    include: part.flatMap(({ tests }) => tests),
    testTimeout: 30_000,
    hookTimeout: 30_000,
    expect: { poll: { timeout: 5000, interval: 20 } },
  },
});
