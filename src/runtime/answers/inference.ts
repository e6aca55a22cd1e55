import { type OnnxLayout, onnxCall, onnxLayout } from '../../engine/onnx.ts';
import { Chunks } from '../../wire/chunks.ts';
import { type InferenceReply, inferenceReply } from '../../wire/inference-reply.ts';
import { type AskedInference, type Model, readInferenceRequest } from '../../wire/inference-request.ts';
import type { Codec } from '../../wire/numbers/codec.ts';
import type { JsonReader } from '../../wire/numbers/number-reader.ts';
import { costOf, type Load, PRINTED_BYTES, paceOf } from '../cost.ts';
import { type CallSize, numbersIn, refuseAxes, refuseCall } from '../limits.ts';
import { asBytes } from '../memory.ts';
import type { Answer, Means, QuestionOf, Task } from '../question.ts';

/** The model that the inference protocol serves. */
export const MODEL = { name: 'attention', version: '1' } as const satisfies Model;

/** ONNX's Attention over tensors, by the Open Inference Protocol. */
export function inference(
  { body, jsonLength }: QuestionOf<'inference'>,
  { kernel, codec, limits, makeRoom, checkpoint }: Means,
  reader?: JsonReader,
): Task {
  const order = readInferenceRequest(new Chunks(body), jsonLength, MODEL, { reader, makeRoom });
  const { attributes, precision, shapes } = order;
  const names = order.outputs.map(({ name }) => name);
  // Numbers are read, and room is made for them, only once the shapes are within the limits.
  refuseAxes(shapes);
  const layout = onnxLayout(shapes, attributes, names);
  const size = refuseCall(layout, names, limits);
  const inputs = order.readInputs((length) => kernel.float32(length));
  const load = loadOf(order, layout, size, inputs.attn_mask !== undefined);
  return {
    sizes: { ...layout.axes },
    work: size.work,
    cost: costOf(load, paceOf(kernel, precision, attributes.softmax_precision), codec.name),
    holds: 2 * (precision === 'float32' ? 4 : 8) * load.moved + PRINTED_BYTES * load.printed,
    carryOut(computed) {
      const onnx = onnxCall(inputs, layout, attributes, names, precision);
      const call = { ...onnx.call, checkpoint };
      // Present keys and values alone need no attention.
      const result = call.want.size > 0 ? kernel.attend(call) : { fullyMasked: [] };
      computed?.();
      return printed(inferenceReply(order, onnx.outputs(result), MODEL), codec);
    },
  };
}

/** JSON alone, or JSON of a length that is said and the tensors as bytes after it. */
function printed({ json, binary }: InferenceReply, codec: Codec): Answer {
  // As bytes in either case: of a text Fastify would add the charset to the type, which that protocol does not have.
  const bytes = asBytes(codec.print(json));
  if (binary.length === 0) return { body: bytes };
  return { body: Buffer.concat([bytes, ...binary]), jsonLength: bytes.length };
}

function loadOf(
  { outputs, converted }: AskedInference,
  layout: OnnxLayout,
  { work, rows, numbers }: CallSize,
  masked: boolean,
): Load & { readonly moved: number; readonly printed: number } {
  const { B, H, G, M, N, D, E } = layout.axes;
  const pairs = B * H * M * N;
  const copied = outputs.reduce((sum, { name, binary }) => sum + (binary ? numbersIn(layout.outputs[name]) : 0), 0);
  return {
    work,
    pairs,
    row: rows,
    masked: masked ? pairs : 0,
    movedRow: layout.packed || layout.P > 0 ? B * G * (layout.packed ? N : 1) : 0,
    moved: B * (H * M * (D + E) + G * N * (D + E)) + numbers,
    converted,
    printed: numbers - copied,
    copied,
  };
}
