import { request } from 'node:http';
import { Readable } from 'node:stream';
import { parseArgs } from 'node:util';
import { numbers } from './load/numbers.ts';
import { ServiceProcess } from './load/process.ts';
import { againstAim, cells, heading, loadNow, table } from './report/markdown.ts';
import { ratios, spread } from './report/statistics.ts';

/*
 * An NDJSON stream of lines of 64×64 numbers on two cores and on one, in turn (Linux). The client takes time of the same
 * cores where there are only two, so the replies of one query are short and nothing but their bytes is counted.
 */
const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '7' }, lines: { type: 'string', default: '1500' } } });
const rounds = Number(options.rounds);
const lines = Number(options.lines);
const load = loadNow();
const next = numbers(1);
const line = `${JSON.stringify({ tokens: Array.from({ length: 64 }, () => Array.from({ length: 64 }, () => next() * 2 - 1)), query: 0 })}\n`;

const one = await ServiceProcess.start({}, '0');
const two = await ServiceProcess.start({}, '0,1');
try {
  const replyBytes = await replied(one, 1);
  const [onOne, onTwo]: [number[], number[]] = [[], []];
  for (let round = -1; round < rounds; round++) {
    const [slow, fast] = [await rate(one, replyBytes), await rate(two, replyBytes)];
    if (round < 0) continue;
    onOne.push(slow);
    onTwo.push(fast);
  }
  console.log(heading('Lines of 64×64 numbers in one stream', `node lines.ts --rounds ${rounds} --lines ${lines}`, load));
  const rows = [
    ['on one core', ...cells(spread(onOne), 0)],
    ['on two cores', ...cells(spread(onTwo), 0)],
  ];
  console.log(table(['lines a second', 'median', 'min', 'max'], rows));
  console.log(table(['ratio', 'median', 'min', 'max', 'aim', 'reached'], [againstAim('two cores / one', ratios(onTwo, onOne), { least: 1.8 })]));
} finally {
  await one.stop();
  await two.stop();
}

async function rate(service: ServiceProcess, replyBytes: number): Promise<number> {
  const began = performance.now();
  const got = await replied(service, lines);
  if (got !== replyBytes * lines) throw new Error(`${got} bytes came for ${lines} lines of ${replyBytes}`);
  return (1000 * lines) / (performance.now() - began);
}

/** The bytes that come for so many lines. */
function replied({ origin }: ServiceProcess, count: number): Promise<number> {
  const block = Buffer.from(line);
  return new Promise((resolve, reject) => {
    const asked = request(`${origin}/attention`, { method: 'POST', headers: { 'content-type': 'application/x-ndjson' } }, (response) => {
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      response.on('end', () => resolve(bytes)).on('error', reject);
    });
    asked.on('error', reject);
    Readable.from(Array.from({ length: count }, () => block)).pipe(asked);
  });
}
