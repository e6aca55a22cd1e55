import type { Reporter, TestModule } from 'vitest/node';

/** Says why each skipped test was skipped and which one passed at a second try only, and closes with the count alone on a line, as CI reads it. */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const counts = { passed: 0, failed: errors.length, skipped: 0, pending: 0 };
    for (const module of modules) {
      if (module.errors().length > 0) counts.failed++;
      for (const test of module.children.allTests()) {
        const result = test.result();
        counts[result.state]++;
        if (result.state === 'skipped') process.stdout.write(`skipped: ${test.fullName}: ${result.note ?? 'no reason given'}\n`);
        const { flaky, retryCount } = test.diagnostic() ?? { flaky: false, retryCount: 0 };
        if (flaky)
          process.stdout.write(
            `flaky: ${test.fullName}: passed at try ${retryCount + 1}; the tries before failed by ${JSON.stringify(result.errors?.[0]?.message)}\n`,
          );
      }
    }
    process.stdout.write(`${counts.passed} passed, ${counts.failed + counts.pending} failed, ${counts.skipped} skipped\n`);
  }
}
