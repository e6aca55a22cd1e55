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

/** `rows` queries over `n` keys and values, of which the kernel's memory takes copies: 150 MB each if nothing is said. */
function large(rows: number, n = 300_000): Question {
  const d = 128;
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
  ['one thread', 1, 1, 0],
  ['threads that share the work', 2, 16, 0],
  ['threads of which one helped another when its memory was small', 2, 1, 16],
])('%s: what a large request took is given back after its reply, without another request', async (_what, threads, rows, rowsBefore) => {
  offload = new Offload({ most: { bytes: 2 ** 30, work: 1e12 }, engine, codec: chosenCodec, limits: { work: 2e11, replyNumbers: 1e7 }, threads });
  await offload.ask(large(1), 60_000, nobodyLeaves); // so that threads and code are there already
  const settled = async (most: number) => {
    for (let turn = 0; turn < 300 && resident() > most; turn++) await new Promise((resolve) => setTimeout(resolve, 100));
    return resident();
  };
  for (let times = 0; rowsBefore > 0 && times < 6; times++) await offload.ask(large(rowsBefore, 30_000), 60_000, nobodyLeaves);
  const { answer } = await offload.ask(large(rows), 60_000, nobodyLeaves);
  expect(answer.body.toString()).toContain('"lse"');
  expect(await settled(350)).toBeLessThan(350);
});
