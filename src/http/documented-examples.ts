import type { FailureCode } from '../engine/failure.ts';
import { MODEL } from '../runtime/answers/inference.ts';
import { attentionExamples, diagnoseExamples, inferenceExamples, mergeExamples, ndjsonExamples, vectorsExamples } from '../schemas/examples.ts';
import { INFERENCE_PATH } from './printing.ts';
import { inferenceErrors, otherMethod, problemExample } from './problem-examples.ts';
import { PROBLEMS } from './problems.ts';
import { exampleReply, pytestExample, shownExample, verdictExample } from './routes/shown.ts';

interface Media {
  schema?: { $ref?: string; examples?: readonly unknown[] };
  example?: unknown;
  examples?: Record<string, unknown>;
}
interface Reply {
  description: string;
  headers?: Record<string, object>;
  content?: Record<string, Media>;
}
interface Operation {
  requestBody?: { content?: Record<string, Media> };
  responses?: Record<string, Reply>;
}
const RETRIED: ReadonlySet<string> = new Set(['429', '503']);
const RETRY_AFTER = { 'Retry-After': { description: 'After how many seconds to ask again.', schema: { type: 'integer', minimum: 1 } } };
const REQUEST_ID = { 'X-Request-Id': { description: 'The request’s own x-request-id, or a new one.', schema: { type: 'string' } } };
const JSON_TYPE = 'application/json';
const LINES = 'application/x-ndjson';
type Paths = Record<string, Record<string, Operation>>;

/** The examples of each operation's body. The plugin would drop them, since they stand beside a reference to a schema. */
const EXAMPLES = [
  { path: '/attention', type: 'application/json', kind: 'attention', examples: attentionExamples },
  { path: '/attention/merge', type: 'application/json', kind: 'merge', examples: mergeExamples },
  { path: '/attention/diagnose', type: 'application/json', kind: 'diagnose', examples: diagnoseExamples },
  { path: '/attention/diagnose/vectors', type: 'application/json', kind: 'vectors', examples: vectorsExamples },
  { path: `${INFERENCE_PATH}/models/attention/infer`, type: 'application/json', kind: 'inference', examples: inferenceExamples },
  { path: `${INFERENCE_PATH}/models/attention/versions/1/infer`, type: 'application/json', kind: 'inference', examples: inferenceExamples },
] as const;

/** Replies that are text or a picture, and what computes the example of each. */
const TEXTS = [
  { path: '/attention', type: 'text/markdown', example: () => shownExample('markdown') },
  { path: '/attention', type: 'image/svg+xml', example: () => shownExample('svg') },
  { path: '/attention/diagnose', type: 'text/markdown', example: verdictExample },
  { path: '/attention/diagnose/vectors', type: 'text/x-python', example: pytestExample },
] as const;

/** The document with an example for each body, the reply to each, and what each failure says. */
export function withExamples<Document extends { readonly paths?: object | undefined }>(document: Document, base: string): Document {
  const errors = inferenceErrors(base);
  const paths = (document.paths ?? {}) as Paths;
  for (const { path, type, kind, examples } of EXAMPLES) {
    const { requestBody, responses } = paths[base + path]?.['post'] ?? {};
    const asked = requestBody?.content?.[type];
    const answered = responses?.['200']?.content?.[type];
    if (!asked || !answered) throw new Error(`there is no ${type} at ${path} to show examples for`);
    asked.examples = examples;
    answered.examples = Object.fromEntries(
      Object.entries(examples).map(([name, { summary, value }]) => [name, { summary, value: exampleReply(kind, value) }]),
    );
  }
  for (const { path, type, example } of TEXTS) showText(paths[base + path]?.['post'], type, example);
  showIndex(paths[`${base}${INFERENCE_PATH}/repository/index`]?.['post']);
  showLines(paths[`${base}/attention`]?.['post']);
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      for (const [status, reply] of Object.entries(operation.responses ?? {})) {
        if (RETRIED.has(status)) reply.headers = { ...reply.headers, ...RETRY_AFTER };
        showFailures(status, reply, errors, base);
      }
      refuseOtherMethods(path, method, operation, base);
      for (const reply of Object.values(operation.responses ?? {})) reply.headers = { ...reply.headers, ...REQUEST_ID };
    }
  }
  return document;
}

/** A reply that is text: its example is computed where the document is asked for, and no start waits for it. */
function showText({ responses }: Operation = {}, type: string, example: () => string): void {
  const schema = responses?.['200']?.content?.[type]?.schema;
  if (!schema) throw new Error(`there is no ${type} to show an example for`);
  schema.examples = [example()];
}

/** The index is computed from nothing but whether the service is ready, so its example is written out. */
function showIndex({ requestBody, responses }: Operation = {}): void {
  const asked = requestBody?.content?.[JSON_TYPE];
  const answered = responses?.['200']?.content?.[JSON_TYPE];
  if (!asked || !answered) throw new Error('there is no index of models to show an example for');
  const summary = 'The models that are ready';
  asked.examples = { ready: { summary, value: { ready: true } } };
  answered.examples = { ready: { summary, value: [{ ...MODEL, state: 'READY', reason: '' }] } };
}

/** One example, not a list: Swagger UI looks for the one that was chosen of the JSON body's list, and finds none. */
function showLines({ requestBody, responses }: Operation = {}): void {
  const asked = requestBody?.content?.[LINES];
  const answered = responses?.['200']?.content?.[LINES];
  const text = ndjsonExamples['two-lines']?.value;
  if (!asked || !answered) throw new Error(`there is no ${LINES} to show an example for`);
  asked.example = text;
  answered.example = exampleReply('lines', text);
}

/** Every path answers a method that it does not take in one way, so no route says so itself. */
function refuseOtherMethods(path: string, method: string, operation: Operation, base: string): void {
  const detail = otherMethod(method);
  const { title } = PROBLEMS['method-not-allowed'];
  const inference = path.startsWith(`${base}${INFERENCE_PATH}`);
  const schema = { $ref: `#/components/schemas/${inference ? 'InferenceError' : 'Problem'}` };
  const value = inference ? { error: detail } : problemExample('method-not-allowed', base, detail);
  operation.responses = {
    ...operation.responses,
    405: {
      description: inference ? 'Another method.' : `\`method-not-allowed\`: ${title}.`,
      headers: { Allow: { description: 'The methods that this address takes.', schema: { type: 'string' } } },
      content: {
        [inference ? 'application/json' : 'application/problem+json']: { schema, examples: { 'method-not-allowed': { summary: title, value } } },
      },
    },
  };
}

/** A reply's words name its problems in backticks. */
function showFailures(status: string, { description, content }: Reply, errors: ReturnType<typeof inferenceErrors>, base: string): void {
  const problem = content?.['application/problem+json'];
  if (problem) {
    const codes = Object.keys(PROBLEMS).filter((code): code is FailureCode => description.includes(`\`${code}\``));
    problem.examples = Object.fromEntries(codes.map((code) => [code, { summary: PROBLEMS[code].title, value: problemExample(code, base) }]));
  }
  const error = errors[Number(status)];
  const json = content?.['application/json'];
  if (error !== undefined && json) json.examples = { [status]: { summary: 'What was wrong', value: { error } } };
}
