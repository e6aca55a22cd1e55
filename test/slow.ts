import { type TestContext, type TestFunction, test } from 'vitest';

const EVERYTHING = process.env['CI'] === 'true';

/** A test that takes seconds: it runs where CI=true is set, and says so where it does not. */
export function slow(name: string, body: TestFunction): void {
  test(name, { timeout: 300_000 }, async (context) => {
    skipSlow(context);
    await body(context);
  });
}

/** Leaves out the rest of a slow test where CI=true is not set. */
export function skipSlow(context: TestContext): void {
  context.skip(!EVERYTHING, 'slow: runs where CI=true is set');
}

/** Of a row of drawn cases that all show the same: how many are tried. With CI=true all of them, else the first few. */
export function drawn(all: number, few: number): number {
  return EVERYTHING ? all : few;
}
