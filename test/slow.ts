import { type TestFunction, test } from 'vitest';

/** A test that takes seconds: it runs where CI=true is set, and says so where it does not. */
export function slow(name: string, body: TestFunction): void {
  test(name, { timeout: 300_000 }, async (context) => {
    context.skip(process.env['CI'] !== 'true', 'slow: runs where CI=true is set');
    await body(context);
  });
}
