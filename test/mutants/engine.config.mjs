import everything from './stryker.config.json' with { type: 'json' };

/** The mutants of the engine alone, against its own quick tests. */
export default {
  ...everything,
  vitest: { configFile: 'test/mutants/engine.vitest.config.ts', related: true },
  mutate: ['src/engine/**/*.ts', '!src/engine/kernels/assembly/**'],
  timeoutMS: 4000,
  incremental: false,
};
