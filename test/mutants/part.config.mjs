import { part } from './parts.ts';
import everything from './stryker.config.json' with { type: 'json' };

/** The mutants of the files that PART names, against the tests of those files: `PART=http/keys,http/cors npm run mutants:part`. */
export default {
  ...everything,
  vitest: { configFile: 'test/mutants/part.vitest.config.ts', related: false },
  mutate: part.map(({ file }) => file),
  timeoutMS: 8000,
  incremental: false,
};
