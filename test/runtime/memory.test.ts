import { afterEach, expect, test } from 'vitest';
import { chooseEngine } from '../../src/runtime/kernel.ts';
import { Offload } from '../../src/runtime/offload.ts';
import type { Question } from '../../src/runtime/question.ts';
import { chosenCodec } from '../codec.ts';

const engine = chooseEngine('simd');
const nobodyLeaves = new AbortController().signal;
let offload: Offload | undefined;

afterEach(async () => {
  await offload?.close();
});

/** `rows` queries over keys and values of 150 MB each, which the kernel's memory takes copies of. */
function large(rows: number): Question {
  const [n, d] = [300_000, 128];
  const bytes = { Q: Buffer.alloc(4 * rows * d), K: Buffer.alloc(4 * n * d), V: Buffer.alloc(4 * n * d) };
  const shape = { Q: [1, 1, rows, d], K: [1, 1, n, d], V: [1, 1, n, d] };
  const inputs = (['Q', 'K', 'V'] as const).map((name) => ({
    name,
    datatype: 'FP32',
    shape: shape[name],
    parameters: { binary_data_size: bytes[name].length },
  }));
  const json = Buffer.from(JSON.stringify({ inputs, outputs: [{ name: 'lse' }] }));
  return { kind: 'inference', body: [json, bytes.Q, bytes.K, bytes.V], jsonLength: `${json.length}` };
}

const resident = () => process.memoryUsage().rss / 1e6;

test.each([
  ['one thread', 1, 1],
  ['threads that share the work', 2, 16],
])('%s: what a large request took is given back after its reply, without another request', async (_what, threads, rows) => {
  offload = new Offload({ most: { bytes: 2 ** 30, work: 1e12 }, engine, codec: chosenCodec, limits: { work: 2e11, replyNumbers: 1e7 }, threads });
  await offload.ask(large(1), 60_000, nobodyLeaves); // so that threads and code are there already
  const settled = async (most: number) => {
    for (let turn = 0; turn < 300 && resident() > most; turn++) await new Promise((resolve) => setTimeout(resolve, 100));
    return resident();
  };
  const { answer } = await offload.ask(large(rows), 60_000, nobodyLeaves);
  expect(answer.body.toString()).toContain('"lse"');
  expect(await settled(350)).toBeLessThan(350);
});
