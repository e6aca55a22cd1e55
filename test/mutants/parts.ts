/** The tests that hold a file of `src/`, where they are not those of its own name, or where those start threads. */
const HELD_BY: Readonly<Record<string, readonly string[]>> = {
  'engine/kernels/kernel': ['engine/kernels/redo'],
  'http/metrics': ['http/measuring', 'http/exposition'],
  'http/ndjson': ['http/ndjson', 'http/ndjson-played'],
  'http/packing': ['http/packing', 'http/packing-bounds'],
  'http/routes/attention': ['http/attention-routes'],
  'http/routes/diagnose': ['http/attention-routes'],
  'http/routes/inference': ['http/inference-routes'],
  'http/routes/metrics': ['http/attention-routes'],
  'http/tracing': ['http/traces'],
  'http/vary': ['http/cors'],
  'runtime/admission': ['runtime/hold'],
  'runtime/answerer': ['runtime/answerer-played'],
  'runtime/memory': ['runtime/own-memory'],
  'runtime/offload': ['runtime/offload-played'],
  'wire/numbers/harvest': ['wire/numbers/number-reader'],
  'wire/numbers/scanner': ['wire/numbers/number-reader', 'wire/numbers/number'],
  'wire/string-fault': ['wire/json'],
};

/** The files that PART names, by their place below `src/`, and the tests that hold each. */
export const part = (process.env['PART'] ?? '').split(',').map((name) => ({
  file: `src/${name}.ts`,
  tests: (HELD_BY[name] ?? [name]).map((test) => `test/${test}.test.ts`),
}));
