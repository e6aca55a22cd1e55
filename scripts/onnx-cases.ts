import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fetch } from 'undici';
import { infer, numbersOf } from '../test/http/inference-client.ts';
import type { Datatype } from '../test/http/inference-elements.ts';
import type { Answer } from '../test/http/service.ts';

/*
 * Runs a folder of ONNX Attention cases against a running service, each as JSON and as binary:
 *
 *     npm start &  npm run onnx-cases -- <folder> [http://localhost:8080]
 *
 * A case is a JSON file {name, attributes, node_outputs, inputs, outputs}, tensors {dtype, shape, data}, row-major and
 * flat. Tolerances: 1e-6 absolute for float32, the official 1e-7 + 1e-3·|want| for float16, 2⁻⁶ relative for bfloat16.
 */

interface OnnxTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: readonly (number | boolean | string)[];
}

interface OnnxCase {
  readonly name: string;
  readonly attributes: Readonly<Record<string, number>>;
  readonly node_outputs: readonly string[];
  readonly inputs: Readonly<Record<string, OnnxTensor>>;
  readonly outputs: Readonly<Record<string, OnnxTensor>>;
}

const DATATYPE: Readonly<Record<string, Datatype>> = {
  bool: 'BOOL',
  int64: 'INT64',
  int32: 'INT32',
  uint8: 'UINT8',
  int8: 'INT8',
  float16: 'FP16',
  bfloat16: 'BF16',
  float32: 'FP32',
  float64: 'FP64',
  double: 'FP64',
};

const [folder, url = 'http://localhost:8080'] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: npm run onnx-cases -- <folder> [url]');

const service = {
  async ask(body: unknown, { path = '', headers = {} }: { path?: string; headers?: Record<string, string> } = {}): Promise<Answer> {
    const reply = await fetch(`${url}${path}`, { method: 'POST', body: body as Buffer<ArrayBuffer>, headers });
    const bytes = Buffer.from(await reply.arrayBuffer());
    return { status: reply.status, headers: Object.fromEntries(reply.headers), bytes, text: bytes.toString(), json: undefined };
  },
};

const counts = { json: 0, binary: 0, failed: 0 };
const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
for (const file of files) {
  const asked: OnnxCase = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  for (const wire of ['json', 'binary'] as const) {
    const fault = await faultOf(asked, wire);
    if (fault === undefined) counts[wire]++;
    else {
      counts.failed++;
      process.stdout.write(`${asked.name} as ${wire}: ${fault}\n`);
    }
  }
}
process.stdout.write(`${files.length} cases: ${counts.json} pass as JSON, ${counts.binary} as binary, ${counts.failed} fail\n`);
if (counts.failed > 0) process.exitCode = 1;

async function faultOf({ attributes, inputs, outputs }: OnnxCase, wire: 'json' | 'binary'): Promise<string | undefined> {
  const tensors = Object.fromEntries(
    Object.entries(inputs).map(([name, { dtype, shape, data }]) => [name, { datatype: DATATYPE[dtype] ?? 'FP32', shape, data }]),
  );
  const { answer, tensors: found } = await infer(service, { parameters: attributes, inputs: tensors, outputs: Object.keys(outputs) }, wire);
  if (answer.status !== 200) return `${answer.status} ${answer.text}`;
  for (const [name, { dtype, shape, data }] of Object.entries(outputs)) {
    const output = found[name];
    if (!output || JSON.stringify(output.shape) !== JSON.stringify(shape)) return `${name} has the shape ${output?.shape}, not ${shape}`;
    if (output.datatype !== DATATYPE[dtype]) return `${name} is ${output.datatype}, not ${DATATYPE[dtype]}`;
    const numbers = numbersOf(output);
    const wrong = data.findIndex((want, i) => !isClose(numbers[i] ?? Number.NaN, Number(want), dtype));
    if (wrong >= 0 || numbers.length !== data.length) return `${name}[${wrong}] is ${numbers[wrong]}, not ${data[wrong]}`;
  }
  return undefined;
}

function isClose(got: number, want: number, dtype: string): boolean {
  if (Object.is(got, want) || got === want) return true;
  const tolerance = dtype === 'float16' ? 1e-7 + 1e-3 * Math.abs(want) : dtype === 'bfloat16' ? 2 ** -6 * Math.abs(want) : 1e-6;
  return Math.abs(got - want) <= tolerance;
}
