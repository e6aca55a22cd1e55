import everything from './stryker.config.json' with { type: 'json' };

/** The mutants of the runtime that run in the test's own process, against its own quick tests. */
export default {
  ...everything,
  vitest: { configFile: 'test/mutants/runtime.vitest.config.ts', related: true },
  mutate: ['src/runtime/**/*.ts', '!src/runtime/{answerer,offload,worker}.ts'],
  timeoutMS: 4000,
  incremental: false,
};
