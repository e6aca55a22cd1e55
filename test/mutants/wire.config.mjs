import everything from './stryker.config.json' with { type: 'json' };

/** The mutants of the wire alone, against its own quick tests. */
export default {
  ...everything,
  vitest: { configFile: 'test/mutants/wire.vitest.config.ts', related: false },
  mutate: ['src/wire/**/*.ts'],
  timeoutMS: 4000,
  incremental: false,
};
