import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { parseArgs } from 'node:util';
import { fill, numbers } from './load/numbers.ts';
import { ServerProcess } from './load/server-process.ts';
import { againstAim, cells, heading, table } from './report/markdown.ts';
import { type Spread, spread } from './report/statistics.ts';

const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '60' } } });
const rounds = Number(options.rounds);
const WARM_UP = 40;
const SHAPE = [1, 8, 512, 64];
const COUNT = SHAPE.reduce((product, size) => product * size, 1);
const AIM = 0.9;

/** One request: all of it as the client sees it, the server's stages, and a plain copy of as many bytes beside it; milliseconds. */
interface Seen {
  readonly whole: number;
  readonly decode: number;
  readonly compute: number;
  readonly encode: number;
  readonly copyIn: number;
  readonly copyOut: number;
}

const next = numbers(1);
const tensors = ['Q', 'K', 'V'].map((name) => ({ name, data: fill(new Float32Array(COUNT), next) }));
const json = Buffer.from(
  JSON.stringify({
    inputs: tensors.map(({ name, data }) => ({ name, datatype: 'FP32', shape: SHAPE, parameters: { binary_data_size: data.byteLength } })),
    outputs: [{ name: 'Y', parameters: { binary_data: true } }],
  }),
);
const body = Buffer.concat([json, ...tensors.map(({ data }) => Buffer.from(data.buffer))]);
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const [from, to] = [Buffer.alloc(body.length, 1), Buffer.alloc(body.length)];

await using servers = new AsyncDisposableStack();
const service = servers.adopt(await ServerProcess.start('service'), (server) => server.stop());
const title = heading(`Q, K, V of ${SHAPE.join('×')} in, Y out, FP32 as bytes over HTTP`, `node wire.ts --rounds ${rounds}`);
for (let n = 0; n < WARM_UP; n++) await ask();
const seen: Seen[] = [];
for (let round = 0; round < rounds; round++) {
  const stages = await ask();
  seen.push({ ...stages, copyIn: copy(body.length), copyOut: copy(4 * COUNT) });
}
agent.destroy();
print();

async function ask(): Promise<Omit<Seen, 'copyIn' | 'copyOut'>> {
  const before = performance.now();
  const { status, headers, bytes } = await post();
  const whole = performance.now() - before;
  const jsonLength = Number(headers['inference-header-content-length']);
  if (status !== 200 || bytes !== jsonLength + 4 * COUNT) throw new Error(`the service answers ${status}, ${bytes} bytes`);
  const timing = String(headers['server-timing']);
  const stage = (name: string) => Number(timing.match(new RegExp(`${name};dur=([\\d.]+)`))?.[1] ?? Number.NaN);
  return { whole, decode: stage('decode'), compute: stage('compute'), encode: stage('encode') };
}

/** By node:http on a connection that stays open; the reply's bytes are counted, not kept, so that little of the time is the client's. */
function post(): Promise<{ status: number | undefined; headers: IncomingHttpHeaders; bytes: number }> {
  return new Promise((resolve, reject) => {
    const headers = { 'inference-header-content-length': json.length, 'content-length': body.length };
    const asked = request(`${service.origin}/v2/models/attention/infer`, { method: 'POST', agent, headers }, (response) => {
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, bytes })).on('error', reject);
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

function copy(bytes: number): number {
  const before = performance.now();
  from.copy(to, 0, 0, bytes);
  return performance.now() - before;
}

function print(): void {
  const [bytesIn, bytesOut] = [body.length, 4 * COUNT];
  const row = (name: string, of: (one: Seen) => number, bytes?: number) => {
    const times = spread(seen.map(of));
    return [name, ...cells(times, 2), bytes === undefined ? '' : (bytes / 1000 / times.median).toFixed(0)];
  };
  console.log(title);
  console.log(
    table(
      [`${rounds} requests, one after the other, ms`, 'median', 'min', 'max', 'MB/s'],
      [
        row('all of it, seen by the client', ({ whole }) => whole, bytesIn + bytesOut),
        row('compute: the operator', ({ compute }) => compute),
        row('decode: JSON, and the bytes to where the kernel reads them', ({ decode }) => decode, bytesIn),
        row('encode', ({ encode }) => encode, bytesOut),
        row('receiving, sending, two hops between threads, the client', ({ whole, decode, compute, encode }) => whole - decode - compute - encode),
        row('Buffer.copy of as many bytes as came in', ({ copyIn }) => copyIn, bytesIn),
        row('Buffer.copy of as many bytes as went out', ({ copyOut }) => copyOut, bytesOut),
      ],
    ),
  );
  const share = (of: (one: Seen) => number): Spread => spread(seen.map((one) => one.compute / of(one)));
  console.log(
    table(
      ['the operator’s share', 'median', 'min', 'max', 'aim', 'reached'],
      [
        againstAim(
          'of decode, compute and encode',
          share(({ decode, compute, encode }) => decode + compute + encode),
          { least: AIM },
        ),
        [
          'of all that the client waits for',
          ...cells(
            share(({ whole }) => whole),
            2,
          ),
          '',
          '',
        ],
        [
          'decode and encode, over the two copies',
          ...cells(spread(seen.map(({ decode, encode, copyIn, copyOut }) => (decode + encode) / (copyIn + copyOut))), 2),
          '',
          '',
        ],
      ],
    ),
  );
}
