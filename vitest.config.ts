import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    reporters: ['default', './test/reporter.ts'],
    testTimeout: 90_000,
    hookTimeout: 90_000,
    // A machine that gives a test no time for seconds can fail one of real sockets and processes: it is tried again, and named.
    retry: process.env.CI ? 1 : 0,
    execArgv: ['--expose-gc'],
    coverage: { include: ['src/**/*.ts'], exclude: ['src/engine/kernels/assembly/**', 'src/playground/built/**'], reporter: ['text'] },
  },
});
