import { multiplyAdds } from '../engine/call.ts';
import type { Kernel } from '../engine/kernels/kernel.ts';
import { mergeAndProject } from '../engine/merge.ts';
import { type OnnxOutput, onnxCall } from '../engine/onnx.ts';

import { attendTokens, tokenSizes } from '../engine/token-attention.ts';
import { Recording } from '../explain/recording.ts';
import { traceReply } from '../explain/trace-reply.ts';
import { MOST_WALKED } from '../explain/walkthrough.ts';
import { printAttentionReply } from '../wire/attention-reply.ts';
import { readAttentionRequest } from '../wire/attention-request.ts';
import { Chunks } from '../wire/chunks.ts';
import { printInferenceReply } from '../wire/inference-reply.ts';
import { readInferenceRequest } from '../wire/inference-request.ts';
import { parseJson } from '../wire/json.ts';
import { printMergeReply } from '../wire/merge-reply.ts';
import { readMergeRequest } from '../wire/merge-request.ts';
import { attentionCost, type Cost, paceOf } from './cost.ts';
import { type Limits, refuseReply, refuseShown, refuseTooMuch, refuseWork, traceNumbersOf } from './limits.ts';
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
  carryOut(): Answer;
}

/**
 * Reads a question. Between reading and carrying out nothing else may be read on this thread, since both work in the
 * kernel's memory.
 * @throws MalformedJson, InvalidRequest, BadInference, OnnxFault, WorkTooLarge
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
    const { lesson, printing } = asked;
    const { kernel, limits, checkpoint } = means;
    const sizes = tokenSizes(lesson);
    const { h, m, n } = sizes;
    const traced = printing.include.includes('trace');
    if (traced) refuseShown(sizes, MOST_WALKED, 'the trace');
    const { work, numbers } = refuseTooMuch(lesson, limits, traced ? traceNumbersOf(sizes) : 0);
    return {
      cost: attentionCost({ work, pairs: h * m * n, printed: numbers }, paceOf(kernel, lesson.precision)),
      carryOut() {
        const recording = traced ? new Recording() : undefined;
        const result = sayingWhere(asked, () => attendTokens(lesson, kernel, checkpoint, recording));
        const trace = recording && traceReply(recording.call, printing);
        stages?.end('compute');
        return ended({ body: printAttentionReply(result, printing, m, trace) }, stages);
      },
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
    const asked = readInferenceRequest(new Chunks(body), jsonLength, (length) => kernel.float32(length));
    const names = asked.outputs.map(({ name }) => name);
    const call = onnxCall(asked.inputs, asked.attributes, names);
    const operatorCall = { ...call.call, checkpoint };
    const { B, H, M, N, D, E } = operatorCall.axes;
    const work = multiplyAdds(operatorCall.axes);
    const sizeOf = ({ name }: { readonly name: OnnxOutput }) => call.shapes[name].reduce((product, size) => product * size, 1);
    const numbers = asked.outputs.reduce((sum, output) => sum + sizeOf(output), 0);
    const copied = asked.outputs.reduce((sum, output) => sum + (output.binary ? sizeOf(output) : 0), 0);
    refuseWork(work, limits, `batch·heads·queries·keys·(d_k + d_v) = ${B}·${H}·${M}·${N}·(${D} + ${E})`);
    refuseReply(numbers, limits);
    return {
      cost: attentionCost(
        { work, pairs: B * H * M * N, printed: numbers - copied, copied },
        paceOf(kernel, operatorCall.precision, operatorCall.softmaxPrecision),
      ),
      carryOut() {
        // Present keys and values alone need no attention.
        const result = operatorCall.want.size > 0 ? kernel.attend(operatorCall) : { fullyMasked: [] };
        stages?.end('compute');
        return ended(printInferenceReply(asked, call.outputs(result), MODEL), stages);
      },
    };
  },
};

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
