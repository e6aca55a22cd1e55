/** The tests that hold a file of `src/`, where they are not those of its own name. */
const HELD_BY: Readonly<Record<string, readonly string[]>> = {
  'http/cors': ['http/cors', 'http/origins'],
  'http/vary': ['http/cors', 'http/packing'],
  'runtime/admission': ['runtime/admission', 'runtime/hold'],
  'runtime/memory': ['runtime/own-memory'],
};

/** The files that PART names, by their place below `src/`, and the tests that hold each. */
export const part = (process.env['PART'] ?? '').split(',').map((name) => ({
  file: `src/${name}.ts`,
  tests: (HELD_BY[name] ?? [name]).map((test) => `test/${test}.test.ts`),
}));
