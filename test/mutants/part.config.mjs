import { part } from './parts.ts';
import everything from './stryker.config.json' with { type: 'json' };

/**
 * The mutants of the files that PART names, against the tests of those files: `PART=http/keys,http/cors npm run mutants:part`. Of routes
 * alone what they compute before a request is left out: these are the words of the document, which is compared as a whole.
 */
export default {
  ...everything,
  vitest: { configFile: 'test/mutants/part.vitest.config.ts', related: false },
  mutate: part.map(({ file }) => file),
  ignoreStatic: part.every(({ file }) => file.startsWith('src/http/routes/')),
  timeoutMS: 8000,
  incremental: false,
};
