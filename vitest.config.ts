import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { COMPILED } from './test/compiled.ts';

/** Tests that only compute: they start nothing and change nothing that another file could see, so one worker runs file after file in one module graph. */
const PURE = ['test/{diagnose,engine,explain,schemas,wire}/**/*.test.ts', 'test/runtime/answers/*.test.ts', 'test/playground/pure.test.ts'];

/** Tests that look at the memory, the threads or the clocks of their own process, end threads in it, or play a module of it (`vi.mock`): each has a process to itself. */
const ALONE = [
  'test/http/{many,many-on-threads,memory,stream}.test.ts',
  'test/wire/parsed-bytes.test.ts',
  'test/runtime/{answerer,memory,offload,own-memory,pressure,worker,*-played}.test.ts',
];

/** Questions of every kind, over HTTP and below it: what both codecs answer. In CI they are asked without WebAssembly too. */
const ASKED = [
  'test/http/{attention,diagnose,giants,inference,ndjson,null,refusals}.test.ts',
  'test/runtime/answers/!(two-ways).test.ts',
  'test/wire/*-reply.test.ts',
];

/** How long these take on two cores is known: they come first, so that no worker is left alone with one of them at the end; those of a project together, since a worker is of one. */
const LONG = [
  'deploy/image',
  'deploy/balancer',
  'playground/page',
  'main',
  'mutated',
  'overload',
  'hostile',
  'clients',
  'documents/page',
  'documents/problems',
  'http/readers',
  'http/admission',
  'playground/teaching',
  'playground/pictures',
  'runtime/offload',
  'http/stream',
  'wire/numbers/number',
  'wire/numbers/printer',
  'explain/heatmap',
];

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => LONG.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`)) >>> 0;
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    reporters: ['default', './test/reporter.ts'],
    // How long a test may wait on a machine that is several times slower and busy. No test waits so long where all is well.
    testTimeout: 90_000,
    hookTimeout: 90_000,
    expect: { poll: { timeout: 30_000, interval: 20 } },
    // A machine that gives a test no time for seconds can fail one of real sockets and processes: it is tried again, and named.
    retry: process.env.CI ? 1 : 0,
    execArgv: ['--expose-gc'],
    env: COMPILED,
    // Tests of deadlines and of slow readers wait more than they compute: one worker more than cores leaves none idle.
    maxWorkers: availableParallelism() + 1,
    sequence: { sequencer: LongFirst },
    projects: [
      { extends: true, test: { name: 'pure', include: PURE, exclude: ALONE, isolate: false } },
      // The others start what they need and end it: workers keep what is loaded, which is up to a second of each file.
      {
        extends: true,
        test: { name: 'served', include: ['test/**/*.test.ts'], exclude: [...configDefaults.exclude, ...PURE, ...ALONE], isolate: false },
      },
      { extends: true, test: { name: 'whole', include: ALONE } },
      ...(process.env.CI
        ? [{ extends: true as const, test: { name: 'portable', include: ASKED, isolate: false, env: { JSON_CODEC: 'portable' } } }]
        : []),
    ],
    coverage: { include: ['src/**/*.ts'], exclude: ['src/{engine/kernels,wire/numbers}/assembly/**', 'src/playground/built/**'], reporter: ['text'] },
  },
});
