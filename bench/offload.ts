import { setImmediate } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Call, Output } from '../src/engine/call.ts';
import { reference } from '../src/engine/kernels/reference.ts';
import { unboundedKeyRanges } from '../src/engine/mask.ts';
import { floats, type Precision } from '../src/engine/tensor.ts';
import { readQuestion } from '../src/runtime/answers.ts';
import { chooseCodec, codecOf } from '../src/runtime/codec.ts';
import { INLINE_BYTES, INLINE_COST } from '../src/runtime/cost.ts';
import { chooseEngine, kernelOf } from '../src/runtime/kernel.ts';
import { Offload } from '../src/runtime/offload.ts';
import type { Question } from '../src/runtime/question.ts';
import { fill, numbers } from './load/numbers.ts';
import { SEED_REQUEST } from './load/requests.ts';
import { heading, loadNow, table } from './report/markdown.ts';
import { spread } from './report/statistics.ts';

/*
 * Where a question is answered: at once on the event loop, or on a worker thread. Measures what src/runtime/cost.ts
 * decides by: what the hop costs, what reading a body of INLINE_BYTES costs, and how far the estimated cost is from the
 * time that a task really takes.
 */

const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '60' } } });
const rounds = Number(options.rounds);
const command = `node offload.ts --rounds ${rounds}`;
const LIMITS = { work: 2e11, replyNumbers: 2 ** 24 };
const TIMEOUT_MS = 60_000;
const THREADS = 2;

const engine = chooseEngine('auto');
const kernel = kernelOf(engine);
const chosenCodec = chooseCodec('auto');
const codec = codecOf(chosenCodec);
const offload = new Offload({ most: { bytes: 2 ** 30, work: 1e12 }, engine, codec: chosenCodec, limits: LIMITS, threads: THREADS });
const load = loadNow();
const nobodyLeaves = new AbortController().signal;

await hops();
estimates();
rates();
await offload.close();

/** The same question here and by a worker, in turn. */
async function hops(): Promise<void> {
  const questions: readonly [string, () => Question][] = [
    ['the seed’s request (79 bytes)', () => lesson(SEED_REQUEST)],
    [`a body just below INLINE_BYTES (${INLINE_BYTES}), one query`, () => lesson(tokensBody(INLINE_BYTES - 800, 64))],
    ['just above, one query', () => lesson(tokensBody(INLINE_BYTES + 100, 64))],
    ['as many bytes of tensors, one query', () => inference(1, 127, 64)],
    [`the operator just below INLINE_COST (${INLINE_COST}): 350 queries, 350 keys of 32`, () => inference(350, 350, 32)],
    ['just above: 370 queries, 370 keys of 32', () => inference(370, 370, 32)],
  ];
  const rows: string[][] = [];
  for (const [name, make] of questions) {
    const times = { decode: [] as number[], here: [] as number[], there: [] as number[], estimate: 0 };
    for (let round = -rounds; round < rounds; round++) {
      const before = performance.now();
      const task = readQuestion(make(), { kernel, codec, limits: LIMITS });
      const read = performance.now();
      task.carryOut();
      const done = performance.now();
      // The body moves to the other thread: each asks with its own, made before the clock runs.
      await setImmediate(); // calls for help that came late are dealt with before
      const question = make();
      const asked = performance.now();
      await offload.ask(question, TIMEOUT_MS, nobodyLeaves);
      const answered = performance.now();
      if (round < 0) continue;
      times.decode.push(read - before);
      times.here.push(done - before);
      times.there.push(answered - asked);
      times.estimate = task.cost;
    }
    const hop = spread(times.there.map((there, r) => there - (times.here[r] ?? Number.NaN)));
    rows.push([
      name,
      ...[times.decode, times.here, times.there].map((list) => spread(list).median.toFixed(3)),
      hop.median.toFixed(3),
      times.estimate.toFixed(2),
    ]);
  }
  console.log(heading('On the event loop or on a worker thread, milliseconds', command, load));
  console.log(table(['medians', 'reading it', 'all of it, here', 'all of it, by a worker', 'the hop', 'cost by cost.ts, without reading'], rows));
}

/** Tasks that cost.ts holds to be as long as it lets the event loop be held, and how long they are. */
function estimates(): void {
  const rows = [
    ['float32, heads of 64', () => inference(200, 200, 64)],
    ['float32, heads of 2: pairs, not multiply-adds', () => inference(1150, 1150, 2, false)],
    ['float64, heads of 64', () => inference(140, 140, 64, false, { datatype: 'FP64' })],
    ['float32, weights in JSON', () => inference(120, 120, 8, true)],
    ['float32 with softmax_precision 10 (by rows)', () => inference(1150, 1150, 2, false, { parameters: { softmax_precision: 10 } })],
    ['float32, one infinite key (rows redone by the reference)', () => inference(1150, 1150, 2, false, { infinite: true })],
  ].map(([name, make]) => {
    const times: number[] = [];
    let cost = 0;
    for (let round = -3; round < Math.max(7, rounds / 6); round++) {
      const task = readQuestion((make as () => Question)(), { kernel, codec, limits: LIMITS });
      const before = performance.now();
      task.carryOut();
      if (round >= 0) times.push(performance.now() - before);
      cost = task.cost;
    }
    const { median, min } = spread(times);
    return [name as string, cost.toFixed(2), median.toFixed(2), min.toFixed(2), (median / cost).toFixed(1)];
  });
  console.log(heading(`What cost.ts estimates, and what it takes, milliseconds (up to ${INLINE_COST} stays on the event loop)`, command, load));
  console.log(table(['task', 'estimate', 'takes, median', 'least', 'times the estimate'], rows));
}

/** Multiply-adds a second, and what a pair costs where there is little else. */
function rates(): void {
  const rows = (
    [
      ['reference, float64, 1×64×512×64', () => randomCall('float64', 64, 512, 64), reference],
      ['reference, float64, pairs: 1×256×256×1', () => randomCall('float64', 256, 256, 1), reference],
      ['reference, float32, 1×64×512×64', () => randomCall('float32', 64, 512, 64), reference],
      ['reference, float32, pairs: 1×256×256×1', () => randomCall('float32', 256, 256, 1), reference],
      [`${kernel.name}, float32, 1×256×512×64`, () => randomCall('float32', 256, 512, 64), kernel],
      [`${kernel.name}, float32, pairs: 1×1024×1024×1`, () => randomCall('float32', 1024, 1024, 1), kernel],
      [`${kernel.name}, float64, 1×256×512×64`, () => randomCall('float64', 256, 512, 64), kernel],
      [`${kernel.name}, float64, pairs: 1×1024×1024×1`, () => randomCall('float64', 1024, 1024, 1), kernel],
    ] as const
  ).map(([name, make, by]) => {
    const asked = make();
    const { M, N, D, E } = asked.axes;
    const times: number[] = [];
    for (let round = -10; round < Math.max(15, rounds / 2); round++) {
      by.reset();
      const before = performance.now();
      by.attend(asked);
      if (round >= 0) times.push(performance.now() - before);
    }
    const { median, min } = spread(times);
    const work = M * N * (D + E);
    return [name, median.toFixed(2), (work / 1000 / median).toFixed(0), (work / 1000 / min).toFixed(0), ((median * 1e6) / (M * N)).toFixed(1)];
  });
  console.log(heading('The rates behind cost.ts, one thread', command, load));
  console.log(table(['kernel and problem', 'ms', 'M multiply-adds a second', 'at best', 'ns a pair'], rows));
}

function lesson(body: string): Question {
  return { kind: 'attention', body: [Buffer.from(new TextEncoder().encode(body).buffer)] };
}

/** Tokens of this width, as many as fit in so many bytes. */
function tokensBody(bytes: number, width: number): string {
  const next = numbers(1);
  const tokens: string[] = [];
  for (let length = 40; length < bytes; ) {
    const token = `[${Array.from({ length: width }, () => (next() * 2 - 1).toPrecision(9)).join(',')}]`;
    tokens.push(token);
    length += token.length + 1;
  }
  const text = `{"tokens":[${tokens.join(',')}],"query":0}`;
  // Spaces to the byte: the last token went over.
  return text.length > bytes ? `{"tokens":[${tokens.slice(0, -1).join(',')}],"query":0}`.padEnd(bytes) : text.padEnd(bytes);
}

/** One head; Y back as bytes, or the weights as JSON. */
function inference(
  M: number,
  N: number,
  D: number,
  weights = false,
  { datatype = 'FP32', infinite = false, parameters = {} }: { datatype?: 'FP32' | 'FP64'; infinite?: boolean; parameters?: object } = {},
): Question {
  const next = numbers(1);
  const tensors = [M, N, N].map((rows, n) => {
    const data = fill(new Float32Array(rows * D), next);
    if (infinite && n === 1) data[0] = Number.POSITIVE_INFINITY;
    return { rows, data: datatype === 'FP64' ? Float64Array.from(data) : data };
  });
  const json = Buffer.from(
    JSON.stringify({
      parameters: { ...parameters, ...(weights ? { qk_matmul_output_mode: 3 } : {}) },
      inputs: tensors.map(({ rows, data }, n) => ({
        name: 'QKV'[n],
        datatype,
        shape: [1, 1, rows, D],
        parameters: { binary_data_size: data.byteLength },
      })),
      outputs: [weights ? { name: 'qk_matmul_output' } : { name: 'Y', parameters: { binary_data: true } }],
    }),
  );
  const whole = new Uint8Array(json.length + tensors.reduce((sum, { data }) => sum + data.byteLength, 0));
  whole.set(json);
  let at = json.length;
  for (const { data } of tensors) {
    whole.set(new Uint8Array(data.buffer), at);
    at += data.byteLength;
  }
  return { kind: 'inference', body: [Buffer.from(whole.buffer)], jsonLength: `${json.length}` };
}

function randomCall(precision: Precision, M: number, N: number, D: number): Call {
  const next = numbers(1);
  const rows = (count: number) => ({
    data: floats(precision, count * D).map(() => Math.fround(next() * 2 - 1)),
    offset: 0,
    batchStride: 0,
    headStride: 0,
    rowStride: D,
  });
  return {
    axes: { B: 1, H: 1, G: 1, M, N, D, E: D },
    precision,
    query: rows(M),
    key: rows(N),
    value: rows(N),
    scale: Math.fround(1 / Math.sqrt(D)),
    keyRanges: unboundedKeyRanges(M, N),
    want: new Set<Output>(['context']),
  };
}
