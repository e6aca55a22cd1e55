import { defineConfig } from 'vitest/config';

/** The tests of the wire and of the schemas' shapes: they read and print without a server, and change nothing that another file of them could see. */
export default defineConfig({
  test: {
    include: ['test/wire/**/*.test.ts', 'test/schemas/shapes.test.ts'],
    isolate: false,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
