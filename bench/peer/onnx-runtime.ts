import { InferenceSession, Tensor } from 'onnxruntime-node';
import { attentionModel, type Node, type Port } from './onnx-model.ts';

/** Fatal messages alone: what a session refuses is thrown anyway. */
const FATAL_ONLY = 4;

/** The node as a session of ONNX Runtime on the CPU. Its threads sleep between runs, lest they take the cores from what is measured next. */
export function session(node: Node, threads: number): Promise<InferenceSession> {
  return InferenceSession.create(attentionModel(node), {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: FATAL_ONLY,
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  });
}

export function tensor({ shape, type = 'float32' }: Port, data: Float32Array | Uint8Array): Tensor {
  return data instanceof Float32Array ? new Tensor('float32', data, shape) : new Tensor(type === 'bool' ? 'bool' : 'uint8', data, shape);
}
