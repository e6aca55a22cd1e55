import { defineConfig } from 'vitest/config';

/** The quick tests of http's parts. Those of the whole service start it anew for each mutant that survives. */
export default defineConfig({
  test: {
    include: [
      'test/http/{components,failures,fault,gone,incoming,inference-statistics,info,lifecycle,logging,media,pages,printing,problems,representation,request-id,rest,security,server,server-timing,unpacking}.test.ts',
    ],
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
