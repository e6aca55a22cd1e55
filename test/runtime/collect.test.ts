import { expect, test } from 'vitest';
import { collectAll } from '../../src/runtime/collect.ts';

test('what nothing refers to is collected at once', async () => {
  const dead = new WeakRef({ data: new Float64Array(10) });
  // What was looked at lives until the end of its turn.
  await new Promise((resolve) => setImmediate(resolve));
  collectAll();
  expect(dead.deref()).toBeUndefined();
});
