import { createHook } from 'node:async_hooks';
import { afterAll, beforeAll } from 'vitest';

/** How many packers, and unpackers, are made in this process while the tests of a file run. */
export function useCountOfPackers(): { made: number } {
  const packers = { made: 0 };
  const watch = createHook({
    init: (_id, type) => {
      if (type === 'ZLIB') packers.made++;
    },
  });
  beforeAll(() => void watch.enable());
  afterAll(() => void watch.disable());
  return packers;
}
