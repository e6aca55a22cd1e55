import { defineConfig } from 'vitest/config';

/**
 * The tests that run against mutants: those in whose own process the mutated code runs. Left out are the browser, started
 * processes and the README, which would run the code as it was, and the measurements of memory, which mutants slow down.
 */
export default defineConfig({
  test: {
    include: ['test/{diagnose,engine,explain,http,runtime,wire,schemas}/**/*.test.ts', 'test/config.test.ts'],
    exclude: ['test/**/memory.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
