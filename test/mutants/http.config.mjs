import everything from './stryker.config.json' with { type: 'json' };

/**
 * The mutants of http, against its own quick tests. Left out is what has no logic: words, the style and the examples of
 * the document, which is compared with the committed one as a whole (`npm run check:documents`). For the same reason
 * mutants of what a module computes as it loads are left out: they are the schemas' words.
 */
export default {
  ...everything,
  vitest: { configFile: 'test/mutants/http.vitest.config.ts', related: true },
  mutate: [
    'src/http/**/*.ts',
    '!src/http/{documentation,documentation-lines,documentation-style,documented-examples,problem-examples}.ts',
    '!src/http/routes/{words,shown}.ts',
  ],
  ignoreStatic: true,
  timeoutMS: 4000,
  incremental: false,
};
