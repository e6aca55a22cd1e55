import { ZeroVectors } from '../engine/errors.ts';
import type { Kernel } from '../engine/kernels/kernel.ts';
import { attend, type Lesson, lessonSizes } from '../engine/lesson.ts';
import { mergeAndProject } from '../engine/merge.ts';
import { type OnnxOutput, onnxCall } from '../engine/onnx.ts';
import { attention } from '../engine/operator.ts';
import { drawWeights, MOST_DRAWN, MOST_WALKED } from '../explain/explanation.ts';
import { walkThrough } from '../explain/markdown.ts';
import { traceLesson } from '../explain/trace.ts';
import { printAttentionReply } from '../wire/attention-reply.ts';
import { type Printing, readAttentionRequest } from '../wire/attention-request.ts';
import { Chunks } from '../wire/chunks.ts';
import { InvalidRequest } from '../wire/faults.ts';
import { printInferenceReply } from '../wire/inference-reply.ts';
import { readInferenceRequest } from '../wire/inference-request.ts';
import { parseJson } from '../wire/json.ts';
import { printMergeReply } from '../wire/merge-reply.ts';
import { readMergeRequest } from '../wire/merge-request.ts';
import { attentionCost, type Cost, paceOf } from './cost.ts';
import { type Limits, refuseReply, refuseShown, refuseTooMuch, refuseWork, traceNumbersOf } from './limits.ts';
import type { Stages } from './stages.ts';

/** What answers are made with. */
export interface Means {
  readonly kernel: Kernel;
  readonly limits: Limits;
  /** Called now and then by what takes its time; may throw to stop. */
  readonly checkpoint?: () => void;
}

/** Ways to answer a lesson: numbers, the walk-through, or the picture. */
type Representation = 'json' | 'markdown' | 'svg';

/** A question: its kind, and the bytes of the request's body. */
export interface Question {
  readonly kind: 'attention' | 'merge' | 'inference';
  readonly body: readonly Buffer[];
  /** How a lesson is to be answered; JSON where absent. */
  readonly as?: Representation | undefined;
  /** The header that says how long the JSON before binary tensors is. */
  readonly jsonLength?: string | undefined;
}

/** The body of a reply; `jsonLength` where binary tensors follow its JSON. */
export interface Answer {
  readonly body: Buffer | string;
  readonly jsonLength?: number | undefined;
}

/** A question that has been read and may be carried out: what that will cost, and how it is done. */
export interface Task {
  readonly cost: Cost;
  carryOut(): Answer;
}

/**
 * Reads a question. Between reading and carrying out nothing else may be read on this thread, since both work in the
 * kernel's arena.
 * @throws MalformedJson, InvalidRequest, BadInference, OnnxFault, WorkTooLarge
 */
export function readQuestion(question: Question, means: Means, stages?: Stages): Task {
  means.kernel.arena?.reset();
  const task = READERS[question.kind](question, means, stages);
  stages?.end('decode');
  return task;
}

const READERS: Readonly<Record<Question['kind'], (question: Question, means: Means, stages?: Stages) => Task>> = {
  attention({ body, as = 'json' }, { kernel, limits, checkpoint }, stages) {
    const { lesson, printing, labels } = readAttentionRequest(parseJson(joined(body)));
    const traced = as === 'markdown' || (as === 'json' && printing.include.includes('trace'));
    if (traced) refuseShown(lesson, MOST_WALKED, as === 'markdown' ? 'the walk-through' : 'the trace');
    if (as === 'svg') refuseShown(lesson, MOST_DRAWN, 'the heatmap');
    const { work, numbers } = refuseTooMuch(lesson, limits);
    const traceNumbers = traced ? traceNumbersOf(lesson) : 0;
    refuseReply(numbers + traceNumbers, limits);
    const { h, m, n } = lessonSizes(lesson);
    const pairs = h * m * n;
    const answers: Readonly<Record<Representation, () => string>> = {
      json() {
        const result = attend(lesson, kernel, checkpoint);
        const traces = traced ? traceLesson(lesson).rows : undefined;
        stages?.end('compute');
        return printAttentionReply(result, printing, m, traces);
      },
      markdown: () => walkThrough(lesson, labels),
      svg: () => drawWeights(lesson, labels, kernel),
    };
    return {
      // What is drawn or written out takes about as long a piece as a printed number.
      cost: attentionCost({ work, pairs, printed: numbers + 4 * traceNumbers + (as === 'svg' ? 10 * pairs : 0) }, paceOf(kernel, lesson.precision)),
      carryOut: () => ended({ body: sayingWhere(lesson, printing, answers[as]) }, stages),
    };
  },

  merge({ body }, { limits }, stages) {
    const asked = readMergeRequest(parseJson(joined(body)));
    const { parts, m, heads, output } = asked;
    const inputs = parts[0]?.context.columns ?? 0;
    const columns = output.weight?.columns ?? inputs;
    const work = m * inputs * (parts.length + (output.weight ? columns : 0));
    const numbers = m * columns + heads * m;
    refuseWork(work, limits, 'parts·m·width, and the projection');
    refuseReply(numbers, limits);
    return {
      cost: attentionCost({ work, pairs: parts.length * m * heads, printed: numbers }, 'float64'),
      carryOut() {
        const merged = mergeAndProject(parts, m, heads, output);
        stages?.end('compute');
        return ended({ body: printMergeReply(merged, asked) }, stages);
      },
    };
  },

  inference({ body, jsonLength }, { kernel, limits, checkpoint }, stages) {
    const asked = readInferenceRequest(new Chunks(body), jsonLength, kernel.arena?.float32);
    const names = asked.outputs.map(({ name }) => name);
    const call = onnxCall(asked.inputs, asked.attributes, names);
    const problem = { ...call.problem, checkpoint };
    const { B, H, M, N, D, E } = problem.axes;
    const work = B * H * M * N * (D + E);
    const sizeOf = ({ name }: { readonly name: OnnxOutput }) => call.shapes[name].reduce((product, size) => product * size, 1);
    const numbers = asked.outputs.reduce((sum, output) => sum + sizeOf(output), 0);
    const copied = asked.outputs.reduce((sum, output) => sum + (output.binary ? sizeOf(output) : 0), 0);
    refuseWork(work, limits, `batch·heads·queries·keys·(d_k + d_v) = ${B}·${H}·${M}·${N}·(${D} + ${E})`);
    refuseReply(numbers, limits);
    return {
      cost: attentionCost(
        { work, pairs: B * H * M * N, printed: numbers - copied, copied },
        paceOf(kernel, problem.precision, problem.softmaxPrecision),
      ),
      carryOut() {
        // Present keys and values alone need no attention.
        const result = problem.want.size > 0 ? attention(problem, kernel) : { fullyMasked: [] };
        stages?.end('compute');
        return ended(printInferenceReply(asked, call.outputs(result), MODEL), stages);
      },
    };
  },
};

/** What `answer` gives. @throws InvalidRequest at the vectors of length 0, where the similarity is cosine */
function sayingWhere(lesson: Lesson, { oneRow, headAxis }: Printing, answer: () => string): string {
  try {
    return answer();
  } catch (error) {
    if (!(error instanceof ZeroVectors)) throw error;
    throw new InvalidRequest(
      error.rows.map(({ vectors, row, head }) => ({
        pointer: vectors === 'queries' && oneRow ? '/queries' : `/${vectors}/${row}`,
        detail: `is a vector of length 0 in ${lesson.precision}${headAxis ? `, in head ${head}` : ''}, which has no direction; cosine similarity needs one`,
      })),
    );
  }
}

/** The model that the inference protocol serves. */
export const MODEL = { name: 'attention', version: '1' } as const;

function ended(answer: Answer, stages: Stages | undefined): Answer {
  stages?.end('encode');
  return answer;
}

function joined(body: readonly Buffer[]): Buffer {
  const [only] = body;
  return only && body.length === 1 ? only : Buffer.concat(body);
}
