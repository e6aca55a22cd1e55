import type { OnnxOutput } from '../../src/engine/onnx.ts';
import type { Node, Port } from '../peer/onnx-model.ts';
import { session, tensor } from '../peer/onnx-runtime.ts';
import type { Case } from './cases.ts';

/** What ONNX Runtime's Attention gives, or the error by which it refuses. */
export async function peerOutputs(
  { inputs, attributes }: Case,
  shapes: Readonly<Record<OnnxOutput, readonly number[]>>,
): Promise<ReadonlyMap<OnnxOutput, Float32Array> | Error> {
  const { scale, softcap, is_causal, q_num_heads, kv_num_heads, qk_matmul_output_mode } = attributes;
  const given = (['Q', 'K', 'V', 'attn_mask', 'past_key', 'past_value'] as const).map((name) => ({ name, dense: inputs[name] }));
  const ports = given.map(
    ({ name, dense }): Port | undefined => dense && { name, shape: dense.shape, type: dense.data instanceof Uint8Array ? 'bool' : 'float32' },
  );
  const names: readonly OnnxOutput[] = ['Y', 'present_key', 'present_value', 'qk_matmul_output'];
  const node: Node = {
    inputs: ports,
    outputs: names.map((name) => (name.startsWith('present') && !inputs.past_key ? undefined : { name, shape: shapes[name] })),
    integers: present({ q_num_heads, kv_num_heads, qk_matmul_output_mode, is_causal: is_causal ? 1 : undefined }),
    floats: present({ scale, softcap }),
  };
  try {
    const started = await session(node, 1);
    const feeds = given.flatMap(({ name, dense }, n) => {
      const port = ports[n];
      return dense && port ? [[name, tensor(port, dense.data as Float32Array | Uint8Array)] as const] : [];
    });
    const outputs = await started.run(Object.fromEntries(feeds));
    await started.release();
    return new Map(names.flatMap((name) => (outputs[name] ? [[name, outputs[name].data as Float32Array] as const] : [])));
  } catch (error) {
    return error as Error;
  }
}

function present(attributes: Readonly<Record<string, number | undefined>>): Record<string, number> {
  return Object.fromEntries(Object.entries(attributes).filter((entry): entry is [string, number] => entry[1] !== undefined));
}
