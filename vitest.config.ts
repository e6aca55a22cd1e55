import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    reporters: ['default', './test/reporter.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    execArgv: ['--expose-gc'],
    coverage: { include: ['src/**/*.ts'], exclude: ['src/engine/kernels/assembly/**', 'src/playground/built/**'], reporter: ['text'] },
  },
});
