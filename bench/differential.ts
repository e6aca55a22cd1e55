import { parseArgs } from 'node:util';
import type { Kernel } from '../src/engine/kernels/kernel.ts';
import { reference } from '../src/engine/kernels/reference.ts';
import { SimdKernel } from '../src/engine/kernels/simd.ts';
import { type Dense, type OnnxOutput, type OnnxShapes, onnxCall, onnxLayout } from '../src/engine/onnx.ts';
import { type Case, randomCase } from './differential/cases.ts';
import { peerOutputs } from './differential/peer.ts';
import { byDefinition, READINGS, type Reading } from './differential/readings.ts';
import { numbers } from './load/numbers.ts';
import { choose } from './operator/subject.ts';
import { heading, loadNow, table } from './report/markdown.ts';

const { values: options } = parseArgs({ options: { cases: { type: 'string', default: '4000' }, seed: { type: 'string', default: '1' } } });
/** float32 against float64, for numbers of the order of 1. */
const TOLERANCE = 2e-5;
const SHOWN = 5;
/** So many readings at once are tried; more would explain anything. */
const MOST_READINGS = 3;

type Outputs = ReadonlyMap<OnnxOutput, ArrayLike<number>>;

const choice = choose('revectorised');
const kernel = new SimdKernel('bench', choice.modules, choice.tile);
const next = numbers(Number(options.seed));
const seen = { agree: 0, refused: new Map<string, number>(), readings: new Map<Reading, number>(), ours: 0, peer: 0 };
const unexplained: string[] = [];

const load = loadNow();
for (let n = 0; n < Number(options.cases); n++) await compare(randomCase(next));
print();
if (unexplained.length > 0) process.exitCode = 1;

/**
 * One case by four: the chosen kernel, the reference in float64, the definition written apart, and ONNX Runtime. The
 * first three must agree; where the fourth does not, one of the known readings must give what it gave.
 */
async function compare(one: Case): Promise<void> {
  const { shapes, outputs: exact } = computed(doubled(one), reference);
  kernel.reset();
  const ours = distance(computed(one, kernel).outputs, exact);
  const definition = distance(new Map(Object.entries(byDefinition(one)) as [OnnxOutput, readonly number[]][]), exact);
  seen.ours = Math.max(seen.ours, ours);
  if (!(ours <= TOLERANCE)) unexplained.push(`the kernel is ${ours} from the reference: ${said(one)}`);
  if (!(definition <= TOLERANCE)) unexplained.push(`the definition is ${definition} from the reference: ${said(one)}`);

  const peer = await peerOutputs(one, shapes);
  if (peer instanceof Error) return add(seen.refused, refusal(peer));
  const apart = distance(peer, exact);
  const readings = apart <= TOLERANCE ? [] : explanation(one, peer);
  if (!readings) unexplained.push(`ONNX Runtime is ${apart} from the reference: ${said(one)}`);
  else if (readings.length > 0) for (const reading of readings) add(seen.readings, reading);
  else {
    seen.agree++;
    seen.peer = Math.max(seen.peer, apart);
  }
}

function computed({ inputs, attributes }: Case, by: Kernel) {
  const names: OnnxOutput[] = ['Y', 'qk_matmul_output', ...(inputs.past_key ? (['present_key', 'present_value'] as const) : [])];
  const shapes = Object.fromEntries(Object.entries(inputs).flatMap(([name, dense]) => (dense ? [[name, dense.shape]] : []))) as unknown as OnnxShapes;
  const layout = onnxLayout(shapes, attributes, names);
  const precision = [inputs.Q, inputs.K, inputs.V].some(({ data }) => data instanceof Float64Array) ? 'float64' : 'float32';
  const call = onnxCall(inputs, layout, attributes, names, precision);
  const outputs: Outputs = new Map([...call.outputs(by.attend(call.call))].map(([name, { data }]) => [name, data]));
  return { shapes: layout.outputs, outputs };
}

/** The same numbers as float64, and the scale that float32 makes of it. */
function doubled({ inputs, attributes }: Case): Case {
  const wide = ({ data, shape }: Dense<Dense['data'] | Uint8Array>) => ({ data: data instanceof Uint8Array ? data : Float64Array.from(data), shape });
  const D = (inputs.Q.shape.at(-1) ?? 1) / (attributes.q_num_heads ?? 1);
  return {
    inputs: Object.fromEntries(Object.entries(inputs).map(([name, dense]) => [name, wide(dense)])) as unknown as Case['inputs'],
    attributes: { ...attributes, scale: Math.fround(attributes.scale ?? 1 / Math.sqrt(D)) },
  };
}

/** The fewest readings that, taken together, give what the peer gave. */
function explanation(one: Case, peer: Outputs): readonly Reading[] | undefined {
  const known = Object.keys(READINGS) as Reading[];
  const subsets = Array.from({ length: 2 ** known.length - 1 }, (_, n) => known.filter((_, bit) => ((n + 1) >> bit) & 1));
  return subsets
    .filter(({ length }) => length <= MOST_READINGS)
    .toSorted((a, b) => a.length - b.length)
    .find((subset) => distance(new Map(Object.entries(byDefinition(one, new Set(subset))) as [OnnxOutput, readonly number[]][]), peer) <= TOLERANCE);
}

/** The greatest difference, relative above 1; infinite where one is not finite and the other is another. */
function distance(got: Outputs, wanted: Outputs): number {
  let most = 0;
  for (const [name, values] of got) {
    const other = wanted.get(name);
    if (values.length !== other?.length) return Number.POSITIVE_INFINITY;
    for (let n = 0; n < values.length; n++) {
      const [a = 0, b = 0] = [values[n], other[n]];
      if (Object.is(a, b) || a === b) continue;
      const difference = Math.abs(a - b) / Math.max(1, Math.abs(b));
      if (!(difference <= most)) most = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
    }
  }
  return most;
}

function print(): void {
  const total = Number(options.cases);
  console.log(heading(`${total} random calls beside ONNX Runtime 1.30.0`, `node differential.ts --cases ${total} --seed ${options.seed}`, load));
  console.log(
    table(
      ['class', 'cases', 'what the operator’s text says, or the peer’s words'],
      [
        ['agree', `${seen.agree}`, `within ${TOLERANCE}; at most ${seen.peer.toExponential(1)} apart from float64`],
        ...Object.entries(READINGS).map(([reading, text]) => [`differs: ${reading}`, `${seen.readings.get(reading as Reading) ?? 0}`, text]),
        ...[...seen.refused].map(([message, cases]) => ['ONNX Runtime refuses', `${cases}`, message]),
        ['unexplained', `${unexplained.length}`, ''],
      ],
    ),
  );
  console.log(
    `A case may stand in two classes. The kernel (${choice.tile}) is at most ${seen.ours.toExponential(1)} from the reference in float64, over every case.\n`,
  );
  for (const line of unexplained.slice(0, SHOWN)) console.log(`- ${line}`);
}

function refusal({ message }: Error): string {
  return message
    .replace(/^.*was false\. /s, '')
    .replace(/\s+/g, ' ')
    .slice(0, 140);
}

function add<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function said({ inputs, attributes }: Case): string {
  const shapes = Object.entries(inputs).map(([name, { data, shape }]) => `${name} ${data instanceof Uint8Array ? 'bool ' : ''}[${shape.join(', ')}]`);
  return `${shapes.join(', ')}, ${JSON.stringify(attributes)}`;
}
