import type { Kernel } from '../engine/kernels/kernel.ts';
import { attend, lessonSizes } from '../engine/lesson.ts';
import { mergeAndProject } from '../engine/merge.ts';
import { onnxCall } from '../engine/onnx.ts';
import { attention } from '../engine/operator.ts';
import { printAttentionReply } from '../wire/attention-reply.ts';
import { readAttentionRequest } from '../wire/attention-request.ts';
import type { Chunks } from '../wire/chunks.ts';
import { type InferenceReply, printInferenceReply } from '../wire/inference-reply.ts';
import { readInferenceRequest } from '../wire/inference-request.ts';
import { parseJson } from '../wire/json.ts';
import { printMergeReply } from '../wire/merge-reply.ts';
import { readMergeRequest } from '../wire/merge-request.ts';
import { type Limits, refuseReply, refuseTooMuch, refuseWork } from './limits.ts';
import type { Stages } from './stages.ts';

/** What answers are made with. */
export interface Means {
  readonly kernel: Kernel;
  readonly limits: Limits;
}

/**
 * The reply to a body of `POST /attention`, from bytes to JSON text.
 * @throws MalformedJson, InvalidRequest, ZeroVectors, ArithmeticOverflow, WorkTooLarge
 */
export function answerAttention(body: Buffer, { kernel, limits }: Means, stages?: Stages): string {
  const { lesson, printing } = readAttentionRequest(parseJson(body));
  refuseTooMuch(lesson, limits);
  stages?.end('decode');
  const result = attend(lesson, kernel);
  stages?.end('compute');
  const json = printAttentionReply(result, printing, lessonSizes(lesson).m);
  stages?.end('encode');
  return json;
}

/**
 * The reply to a body of `POST /attention/merge`, from bytes to JSON text.
 * @throws MalformedJson, InvalidRequest, ArithmeticOverflow, WorkTooLarge
 */
export function answerMerge(body: Buffer, { limits }: Means, stages?: Stages): string {
  const asked = readMergeRequest(parseJson(body));
  const { parts, m, heads, output } = asked;
  const inputs = parts[0]?.context.columns ?? 0;
  const columns = output.weight?.columns ?? inputs;
  refuseWork(m * inputs * (parts.length + (output.weight ? columns : 0)), limits, 'parts·m·width, and the projection');
  refuseReply(m * columns + heads * m, limits);
  stages?.end('decode');
  const merged = mergeAndProject(parts, m, heads, output);
  stages?.end('compute');
  const json = printMergeReply(merged, asked);
  stages?.end('encode');
  return json;
}

/** The model that the inference protocol serves. */
export const MODEL = { name: 'attention', version: '1' } as const;

/**
 * The reply to an inference request of the Open Inference Protocol.
 * @throws BadInference, OnnxFault, MalformedJson, WorkTooLarge
 */
export function answerInference(body: Chunks, jsonLength: string | undefined, { kernel, limits }: Means, stages?: Stages): InferenceReply {
  const asked = readInferenceRequest(body, jsonLength);
  const names = asked.outputs.map(({ name }) => name);
  const call = onnxCall(asked.inputs, asked.attributes, names);
  const { B, H, M, N, D, E } = call.problem.axes;
  refuseWork(B * H * M * N * (D + E), limits, `batch·heads·queries·keys·(d_k + d_v) = ${B}·${H}·${M}·${N}·(${D} + ${E})`);
  refuseReply(
    names.reduce((numbers, name) => numbers + call.shapes[name].reduce((product, size) => product * size, 1), 0),
    limits,
  );
  stages?.end('decode');
  // Present keys and values alone need no attention.
  const result = call.problem.want.size > 0 ? attention(call.problem, kernel) : { fullyMasked: [] };
  stages?.end('compute');
  const reply = printInferenceReply(asked, call.outputs(result), MODEL);
  stages?.end('encode');
  return reply;
}
