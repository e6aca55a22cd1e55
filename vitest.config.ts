import { configDefaults, defineConfig } from 'vitest/config';

/** Tests that only compute: they start nothing and change nothing that another file could see, so one worker runs file after file in one module graph. */
const PURE = ['test/{engine,explain,schemas,wire}/**/*.test.ts', 'test/runtime/answers/*.test.ts', 'test/playground/pure.test.ts'];

export default defineConfig({
  test: {
    reporters: ['default', './test/reporter.ts'],
    // How long a test may wait on a machine that is several times slower and busy. No test waits so long where all is well.
    testTimeout: 90_000,
    hookTimeout: 90_000,
    expect: { poll: { timeout: 30_000, interval: 20 } },
    // A machine that gives a test no time for seconds can fail one of real sockets and processes: it is tried again, and named.
    retry: process.env.CI ? 1 : 0,
    execArgv: ['--expose-gc'],
    projects: [
      { extends: true, test: { name: 'pure', include: PURE, isolate: false } },
      { extends: true, test: { name: 'whole', include: ['test/**/*.test.ts'], exclude: [...configDefaults.exclude, ...PURE] } },
    ],
    coverage: { include: ['src/**/*.ts'], exclude: ['src/{engine/kernels,wire/numbers}/assembly/**', 'src/playground/built/**'], reporter: ['text'] },
  },
});
