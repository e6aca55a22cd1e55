import { defineConfig } from 'vitest/config';

/** The engine's own tests, but for conformance: it holds kernels against each other in thousands of cases, too long for each mutant. */
export default defineConfig({
  test: {
    include: ['test/engine/**/*.test.ts'],
    exclude: ['test/engine/conformance/**'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
