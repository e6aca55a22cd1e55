import everything from './stryker.config.json' with { type: 'json' };

/**
 * The mutants of http's parts, against their own quick tests. What a module computes as it loads is left out: nearly all
 * of it are the words of schemas, which the committed document holds as a whole (test/documents/committed.test.ts).
 */
export default {
  ...everything,
  vitest: { configFile: 'test/mutants/http.vitest.config.ts', related: true },
  mutate: [
    'src/http/{components,failures,gone,incoming,inference-statistics,lifecycle,logging,media,printing,representation,request-id,rest,server,server-timing,unpacking}.ts',
    'src/http/routes/{health,info,playground,problems}.ts',
  ],
  ignoreStatic: true,
  timeoutMS: 4000,
  incremental: false,
};
