import { defineConfig } from 'vitest/config';

/** The runtime's own quick tests in this process. Those of worker threads are left out: a thread runs the code as it was. */
export default defineConfig({
  test: {
    include: ['test/runtime/**/*.test.ts'],
    exclude: ['test/runtime/{answerer,memory,offload}.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
