import everything from './stryker.config.json' with { type: 'json' };

/** The mutants of the wire, and of the schemas' shapes that it reads by, against their own quick tests. */
export default {
  ...everything,
  vitest: { configFile: 'test/mutants/wire.vitest.config.ts', related: false },
  mutate: ['src/wire/**/*.ts', '!src/wire/numbers/assembly/**', 'src/schemas/{kinds,shapes}.ts'],
  timeoutMS: 4000,
  incremental: false,
};
