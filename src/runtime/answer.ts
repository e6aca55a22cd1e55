import type { Kernel } from '../engine/kernels/kernel.ts';
import { mergeAndProject } from '../engine/merge.ts';
import { onnxCall, onnxLayout } from '../engine/onnx.ts';
import { attendTokens, tokenSizes } from '../engine/token-attention.ts';
import { Recording } from '../explain/recording.ts';
import { traceReply } from '../explain/trace-reply.ts';
import { MOST_WALKED } from '../explain/walkthrough.ts';
import { printAttentionReply } from '../wire/attention-reply.ts';
import { readAttentionRequest } from '../wire/attention-request.ts';
import { Chunks } from '../wire/chunks.ts';
import { printInferenceReply } from '../wire/inference-reply.ts';
import { type Model, readInferenceRequest } from '../wire/inference-request.ts';
import { parseJson } from '../wire/json.ts';
import { printMergeReply } from '../wire/merge-reply.ts';
import { readMergeRequest } from '../wire/merge-request.ts';
import { type Cost, costOf, lessonHolds, lessonLoad, PRINTED_BYTES, paceOf } from './cost.ts';
import { type Limits, numbersIn, refuseAxes, refuseCall, refuseReply, refuseShown, refuseTooMuch, refuseWork, traceNumbersOf } from './limits.ts';
import { type Showing, sayingWhere, showingTask } from './showing.ts';
import type { Stages } from './stages.ts';

/** What answers are made with. */
export interface Means {
  readonly kernel: Kernel;
  readonly limits: Limits;
  /** Called now and then by what takes its time; may throw to stop. */
  readonly checkpoint?: () => void;
}

/** A question: its kind, and the bytes of the request's body. */
export interface Question {
  readonly kind: 'attention' | 'merge' | 'inference';
  readonly body: readonly Buffer[];
  /** How a lesson is to be shown, where not as JSON. */
  readonly as?: Showing | undefined;
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
  /** About how many bytes it holds on the way, besides the body and what was read of it. */
  readonly holds: number;
  carryOut(): Answer;
}

/**
 * Reads a question. Between reading and carrying out nothing else may be read on this thread, since both work in the
 * kernel's memory.
 * @throws MalformedJson, InvalidRequest, BadInference, UnknownModel, OnnxFault, WorkTooLarge
 */
export function readQuestion(question: Question, means: Means, stages?: Stages): Task {
  means.kernel.reset();
  const task = READERS[question.kind](question, means, stages);
  stages?.end('decode');
  return task;
}

const READERS: Readonly<Record<Question['kind'], (question: Question, means: Means, stages?: Stages) => Task>> = {
  attention({ body, as }, means, stages) {
    const asked = readAttentionRequest(parseJson(joined(body)));
    if (as) return showingTask(asked, as, means, stages);
    const { attention: lesson, printing } = asked;
    const { kernel, limits, checkpoint } = means;
    const sizes = tokenSizes(lesson);
    const traced = printing.include.includes('trace');
    if (traced) refuseShown(sizes, MOST_WALKED, 'the trace');
    const { numbers } = refuseTooMuch(lesson, limits, traced ? traceNumbersOf(sizes) : 0);
    return {
      cost: costOf(lessonLoad(lesson, numbers, printing.decimals), paceOf(kernel, lesson.precision)),
      holds: lessonHolds(lesson, numbers),
      carryOut() {
        const recording = traced ? new Recording() : undefined;
        const result = sayingWhere(asked, () => attendTokens(lesson, kernel, checkpoint, recording));
        const trace = recording && traceReply(recording.call, printing);
        stages?.end('compute');
        return ended({ body: printAttentionReply(result, printing, sizes.m, trace) }, stages);
      },
    };
  },

  merge({ body }, { limits }, stages) {
    const asked = readMergeRequest(parseJson(joined(body)));
    const { parts, m, heads, output } = asked;
    const inputs = parts[0]?.context.columns ?? 0;
    const columns = output.weight?.columns ?? inputs;
    const projected = output.weight ? m * inputs * columns : 0;
    const work = m * inputs * parts.length + projected;
    const numbers = m * columns + heads * m;
    refuseWork(work, limits, 'parts·m·width, and the projection');
    refuseReply(numbers, limits);
    return {
      cost: costOf(
        {
          work: 0,
          pairs: parts.length * m * heads,
          merged: parts.length * m * inputs,
          projected,
          projectedIn: output.weight ? m * inputs : 0,
          projectedOut: output.weight || output.bias ? m * columns : 0,
          moved: numbers,
          printed: numbers,
          rounded: asked.decimals === undefined ? 0 : numbers,
        },
        'float64',
      ),
      holds: 8 * m * (inputs + columns) + PRINTED_BYTES * numbers,
      carryOut() {
        const merged = mergeAndProject(parts, m, heads, output);
        stages?.end('compute');
        return ended({ body: printMergeReply(merged, asked) }, stages);
      },
    };
  },

  inference({ body, jsonLength }, { kernel, limits, checkpoint }, stages) {
    const asked = readInferenceRequest(new Chunks(body), jsonLength, MODEL);
    const { attributes, precision, shapes } = asked;
    const names = asked.outputs.map(({ name }) => name);
    // Numbers are read, and room is made for them, only once the shapes are within the limits.
    refuseAxes(shapes);
    const layout = onnxLayout(shapes, attributes, names);
    const { work, rows, numbers } = refuseCall(layout, names, limits);
    const inputs = asked.readInputs((length) => kernel.float32(length));
    const { B, H, G, M, N, D, E } = layout.axes;
    const pairs = B * H * M * N;
    const copied = asked.outputs.reduce((sum, { name, binary }) => sum + (binary ? numbersIn(layout.outputs[name]) : 0), 0);
    const printed = numbers - copied;
    const vectors = B * (H * M * (D + E) + G * N * (D + E));
    return {
      cost: costOf(
        {
          work,
          pairs,
          row: rows,
          masked: inputs.attn_mask ? pairs : 0,
          movedRow: layout.packed || layout.P > 0 ? B * G * (layout.packed ? N : 1) : 0,
          moved: vectors + numbers,
          converted: asked.converted,
          printed,
          copied,
        },
        paceOf(kernel, precision, attributes.softmax_precision),
      ),
      holds: 2 * (precision === 'float32' ? 4 : 8) * (vectors + numbers) + PRINTED_BYTES * printed,
      carryOut() {
        const onnx = onnxCall(inputs, layout, attributes, names, precision);
        const call = { ...onnx.call, checkpoint };
        // Present keys and values alone need no attention.
        const result = call.want.size > 0 ? kernel.attend(call) : { fullyMasked: [] };
        stages?.end('compute');
        return ended(printInferenceReply(asked, onnx.outputs(result), MODEL), stages);
      },
    };
  },
};

/** The model that the inference protocol serves. */
export const MODEL = { name: 'attention', version: '1' } as const satisfies Model;

function ended(answer: Answer, stages: Stages | undefined): Answer {
  stages?.end('encode');
  return answer;
}

function joined(body: readonly Buffer[]): Buffer {
  const [only] = body;
  return only && body.length === 1 ? only : Buffer.concat(body);
}
